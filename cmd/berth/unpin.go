package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/berthdb/berth/shard"
	"github.com/berthdb/berth/shard/move"
)

func newUnpin(a *app) *cobra.Command {
	var o moveFlags
	var member string
	cmd := &cobra.Command{
		Use: "unpin --member ID", Short: "Send a pinned member back to the shard of its range",
		Long: `Send a pinned member, data and all, back to the shard that its range names, while
both serve traffic. Its pin is gone then, and it moves with its range.`,
		Example:           "  berth unpin --member 660",
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if member == "" {
				return misuse("unpin: name the member with --member ID")
			}
			return a.unpin(cmd.Context(), o, member)
		},
	}
	cmd.Flags().StringVar(&member, "member", "", "`ID` of the member")
	completeBy(cmd, "member", a.fromMap(anyPlace, pinNames))
	a.startFlags(cmd, &o)
	return cmd
}

func (a *app) unpin(ctx context.Context, o moveFlags, member string) error {
	c, m, err := a.current(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	id, err := m.Members().Type.Parse(member)
	if err != nil {
		return usageError{err}
	}
	home, err := m.Home(id)
	if err != nil {
		return err
	}
	if around, ok := m.Find(shard.Span{Range: home.Range}); ok && home.Pinned && around.Shard == home.Shard.Name {
		// Its rows are where its range's are: nothing has to move.
		if err := c.unneeded(ctx, shard.Span{Pin: id}); err != nil {
			return err
		}
		next, err := m.Unpin(a.change("unpin --member %s", id), id)
		if err != nil {
			return err
		}
		return a.edit(ctx, c, m, next, "member "+id.String()+" lives on shard "+home.Shard.Name+" already, as its range does: no row moves")
	}
	return a.relocate(ctx, c, o, move.Request{Kind: move.KindUnpin, Member: id})
}
