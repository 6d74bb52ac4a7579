package train

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A system is one way to decide, and what it decided of each example.
type system struct {
	name string
	hit  []bool
}

// A grouping sorts examples into the rows of a table; "" leaves one out.
type grouping func(e *Example) string

func bySource(e *Example) string   { return e.Source }
func byCategory(e *Example) string { return e.Category }
func byLanguage(e *Example) string { return e.Lang }

// attacks and honestTexts keep one label of a grouping.
func attacks(g grouping) grouping {
	return func(e *Example) string {
		if !e.Attack() {
			return ""
		}
		return g(e)
	}
}

func honestTexts(g grouping) grouping {
	return func(e *Example) string {
		if e.Attack() {
			return ""
		}
		return g(e)
	}
}

// count returns the rates of each row, a system a column.
func count(examples []Example, g grouping, systems []system) map[string][]rate {
	rows := map[string][]rate{}
	for i := range examples {
		name := g(&examples[i])
		if name == "" {
			continue
		}
		if rows[name] == nil {
			rows[name] = make([]rate, len(systems))
		}
		for s := range systems {
			rows[name][s].add(systems[s].hit[i])
		}
	}
	return rows
}

// writeTable prints a Markdown table: a row for each group, then all of them,
// then the mean of the rows.
func writeTable(out io.Writer, title, first string, examples []Example, g grouping, systems []system) {
	rows := count(examples, g, systems)
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(out, "\n### %s\n\n| %s | texts |", title, first)
	for _, s := range systems {
		fmt.Fprintf(out, " %s |", s.name)
	}
	fmt.Fprintf(out, "\n|%s\n", strings.Repeat("---|", len(systems)+2))
	names := make([]string, 0, len(rows))
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)
	all := make([]rate, len(systems))
	means := make([]float64, len(systems))
	for _, name := range names {
		writeRow(out, name, rows[name])
		for s, r := range rows[name] {
			all[s].merge(r)
			means[s] += r.value() / float64(len(rows))
		}
	}
	writeRow(out, "**all**", all)
	fmt.Fprintf(out, "| **mean of rows** | |")
	for _, m := range means {
		fmt.Fprintf(out, " %s |", percent(m))
	}
	fmt.Fprintln(out)
}

func writeRow(out io.Writer, name string, rates []rate) {
	fmt.Fprintf(out, "| %s | %d |", name, rates[0].of)
	for _, r := range rates {
		lo, hi := r.interval()
		fmt.Fprintf(out, " %s (%s to %s) |", percent(r.value()), percent(lo), percent(hi))
	}
	fmt.Fprintln(out)
}

// percent prints a share with as many digits as a reader needs: two below
// one percent.
func percent(x float64) string {
	if x < 0.01 {
		return fmt.Sprintf("%.2f %%", 100*x)
	}
	return fmt.Sprintf("%.1f %%", 100*x)
}
