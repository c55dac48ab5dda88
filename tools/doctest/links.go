package doctest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

var (
	link       = regexp.MustCompile(`\[[^\]]*\]\(([^()\s]+)\)`)
	inlineCode = regexp.MustCompile("`[^`]*`")
	remote     = regexp.MustCompile(`^[a-z]+:`)
)

// BrokenLinks are the links of the Markdown file that lead to a file that is
// not there, or a heading that its page does not have.
func BrokenLinks(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var broken []string
	for i, line := range prose(string(text)) {
		for _, m := range link.FindAllStringSubmatch(inlineCode.ReplaceAllString(line, ""), -1) {
			if remote.MatchString(m[1]) {
				continue
			}
			if err := follow(path, m[1]); err != nil {
				broken = append(broken, fmt.Sprintf("line %d: %v", i+1, err))
			}
		}
	}
	return broken, nil
}

// prose is the lines of the text, those of fenced blocks emptied.
func prose(text string) []string {
	lines := strings.Split(text, "\n")
	fenced := false
	for i, line := range lines {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if fenced || fence {
			lines[i] = ""
		}
		fenced = fenced != fence
	}
	return lines
}

func follow(from, to string) error {
	file, heading, _ := strings.Cut(to, "#")
	target := from
	if file != "" {
		target = filepath.Join(filepath.Dir(from), file)
	}
	if _, err := os.Stat(target); err != nil {
		return fmt.Errorf("the link %s leads nowhere", to)
	}
	if heading == "" || filepath.Ext(target) != ".md" {
		return nil
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	for _, line := range prose(string(text)) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") && anchor(title) == heading {
			return nil
		}
	}
	return fmt.Errorf("the link %s leads to a heading that is not there", to)
}

// anchor is how code hosts name a heading: letters and digits in lower case,
// spaces as hyphens, the rest dropped.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(title))
}
