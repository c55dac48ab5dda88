/*
Berth is the command line: it makes a cluster, shows and changes its map, runs
statements on a member's home, imports files, and says what is wrong.

	berth init --shard a=10.0.0.1:3306/app --shard b=10.0.0.2:3306/app
	berth map lookup 42
	berth sql --member 42 "SELECT * FROM contacts WHERE member_id = 42"
	berth split - --to b
	berth job list
	berth health

Every command takes --config (else $BERTH_CONFIG, ./berth.yaml,
/etc/berth/berth.yaml), --store to override the store that the configuration
names, and -o table or json. What changes something prints its plan first,
asks, and changes nothing under --dry-run; --yes answers the question, and
without a terminal it has to.

The exit status is 0 when done, 1 when failed, 2 for wrong usage; berth health
has 0 for fine, 1 warning, 2 critical, 3 unknown, as monitoring plugins do.
Results go to standard output; questions, progress and errors to standard
error, so that a pipe sees results only.

# How it is laid out

One command a file, named for it: map_lookup.go has "berth map lookup", its
options and its help. What they share: streams.go (the world outside), root.go
(options of every command), cluster.go (configuration, store, servers),
plan.go (show, ask, then do), change.go (the swap of a map and what may become
of it), exit.go (errors and their next step), grid.go (tables). The commands of
moves share move_plan.go (a plan as text), move_start.go (plan, ask, begin a job),
job_follow.go (watch it, and run it where nobody else does), job_progress.go and
job_outcome.go (how far it is, what came of it), and job_ask.go (what may be asked
of it). The importer is
a package of its own beside this one.

# A worked example

Adopt a database that an application uses already, and look at what came of it:

	$ berth init --shard a=127.0.0.1:3306/app --dry-run
	$ berth init --shard a=127.0.0.1:3306/app --yes --reason "first shard"
	$ berth table list
	$ berth map history

Then grow onto a second server while the application goes on:

	$ berth shard add b 127.0.0.1:3307/app --yes
	$ berth split - --to b --dry-run
	$ berth split - --to b --yes
	$ berth job complete 251124-k3x9q --yes

# Caveats

Commands act with the account called admin in the configuration, except sql,
import and member, which go the way an application goes, with its account.

A change of the map is one compare-and-swap. When somebody else changed the map
meanwhile the command fails and nothing was done; run it again. What it had
written to servers by then (identities) it takes back, and says so if it can't.

A command that runs its job itself ends with it: Ctrl-C makes the job stand still,
and one that has switched has nobody then who keeps its way back current. Where
moves are more than an afternoon's work, run "berth serve --worker" somewhere.
*/
package main
