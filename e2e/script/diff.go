package script

import "strings"

// Diff shows how got differs from want, line by line: "-" marks lines that were
// expected and missed, "+" lines that came instead, and three lines of context
// stand around them. It returns "" for equal texts.
func Diff(want, got string) string {
	if want == got {
		return ""
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	edits := edit(a, b)
	var out strings.Builder
	last := -1
	for i, e := range edits {
		if !near(edits, i, 3) {
			continue
		}
		if last >= 0 && i > last+1 {
			out.WriteString("  ...\n")
		}
		last = i
		out.WriteString(e + "\n")
	}
	return out.String()
}

// near tells whether a changed line is at most n lines from i.
func near(edits []string, i, n int) bool {
	for j := max(0, i-n); j <= i+n && j < len(edits); j++ {
		if edits[j][0] != ' ' {
			return true
		}
	}
	return false
}

// edit returns the lines of a and b, marked " " in both, "-" only in a, "+"
// only in b, along a longest common subsequence. Time and memory are the
// product of the lengths, which is fine for files that people write.
func edit(a, b []string) []string {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, "  "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && length[i+1][j] >= length[i][j+1]:
			out = append(out, "- "+a[i])
			i++
		default:
			out = append(out, "+ "+b[j])
			j++
		}
	}
	return out
}
