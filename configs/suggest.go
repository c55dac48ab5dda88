package configs

import "strings"

// Suggest says what an unknown name was meant to be: the nearest of the known
// ones, or all of them where none is near.
func Suggest(name string, known []string) string {
	nearest, distance := "", 1+len(name)/4
	for _, k := range known {
		if d := edits(strings.ToLower(name), strings.ToLower(k)); d <= distance && (nearest == "" || d < distance) {
			nearest, distance = k, d
		}
	}
	if nearest != "" {
		return "did you mean " + nearest + "?"
	}
	return "the known ones are " + strings.Join(known, ", ")
}

// edits is how many letters have to be put in, taken out or replaced to make b
// of a (Levenshtein's distance).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0] // of the row above, one place to the left
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			replaced := left
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(replaced, above+1, row[j]+1)
			left = above
		}
	}
	return row[len(b)]
}
