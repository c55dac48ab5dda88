package main

import (
	"regexp"
	"slices"
	"strings"
)

// openRange is a range without a lower end, as "-80", which a command line
// reads as a group of flags.
var openRange = regexp.MustCompile(`^-([0-9a-fA-F]{2}){1,8}$`)

// takesRanges are the commands whose arguments are ranges.
var takesRanges = []string{"split", "move", "merge"}

// openRanges writes the lower end of ranges that have none, as "00-80" for
// "-80", in the command lines of commands that take ranges: the same range in
// a form that is no flag.
func openRanges(args []string) []string {
	if i := slices.IndexFunc(args, func(s string) bool { return slices.Contains(takesRanges, s) }); i < 0 || i > 0 && inGroup(args[:i]) {
		return args
	}
	args = slices.Clone(args)
	for i, arg := range args {
		if openRange.MatchString(arg) && (i == 0 || !takesAnything[args[i-1]]) {
			args[i] = "00" + arg
		}
	}
	return args
}

// takesAnything are the flags after which such a text may be something else.
var takesAnything = map[string]bool{"--reason": true, "--config": true, "--store": true, "--member": true}

// inGroup reports whether there is another command before it already.
func inGroup(before []string) bool {
	for i, arg := range before {
		if !strings.HasPrefix(arg, "-") && (i == 0 || !strings.HasPrefix(before[i-1], "-")) {
			return true
		}
	}
	return false
}
