package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// column is one column of a table for people. Numbers stand to the right.
type column struct {
	name  string
	right bool
}

func left(name string) column  { return column{name: name} }
func right(name string) column { return column{name: name, right: true} }

// grid prints a table without lines, as much of it in columns as fits a pipe:
// the header is for eyes, and awk skips it.
func (a *app) grid(columns []column, rows [][]any) {
	w := table.NewWriter()
	w.SetOutputMirror(nil)
	style := table.StyleDefault
	style.Options = table.Options{}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatUpper
	if a.colour {
		style.Color.Header = text.Colors{text.Bold}
	}
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	header := table.Row{}
	var configs []table.ColumnConfig
	for i, c := range columns {
		header = append(header, c.name)
		if c.right {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	w.AppendHeader(header)
	w.SetColumnConfigs(configs)
	for _, r := range rows {
		w.AppendRow(r)
	}
	fmt.Fprintln(a.out, w.Render())
}

// printJSON writes one document.
func printJSON(to io.Writer, v any) error {
	enc := json.NewEncoder(to)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printLine writes one document on one line, for what streams.
func printLine(to io.Writer, v any) error {
	enc := json.NewEncoder(to)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// paint colours a word on a terminal.
func (a *app) paint(c text.Color, word string) string {
	if !a.colour {
		return word
	}
	return c.Sprint(word)
}
