package script

import (
	"reflect"
	"strings"
	"testing"
)

const sample = `# A title.
#
# More about it.

policy
  auth:
    keys: []

  mode: enforce

send over h2
  POST /x
  a: b

  {"body":
    1}
< 200
<
< text  with spaces

# Between.
upstream saw
< nothing
advance 1s
`

func TestParse(t *testing.T) {
	f, err := Parse(sample)
	if err != nil {
		t.Fatal(err)
	}
	if f.Title != "A title." {
		t.Errorf("title %q", f.Title)
	}
	want := []Step{
		{Line: 5, Verb: "policy", Words: []string{}, Block: []string{"auth:", "  keys: []", "", "mode: enforce"}},
		{Line: 11, Verb: "send", Words: []string{"over", "h2"},
			Block: []string{"POST /x", "a: b", "", `{"body":`, "  1}"},
			Want:  []string{"200", "", "text  with spaces"}},
		{Line: 22, Verb: "upstream", Words: []string{"saw"}, Want: []string{"nothing"}},
		{Line: 24, Verb: "advance", Words: []string{"1s"}},
	}
	if !reflect.DeepEqual(f.Steps, want) {
		t.Errorf("steps\n got %+v\nwant %+v", f.Steps, want)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", "no steps"},
		{"comments alone", "# only\n\n# this\n", "no steps"},
		{"no title", "advance 1s\n", "no title"},
		{"output first", "# t\n< 200\n", "line 2: output that belongs to no step"},
		{"output after an empty line", "# t\nsend\n\n< 200\n", "line 4: output that belongs to no step"},
		{"indented first", "# t\n\n  x: y\n", "line 3: indented line"},
		{"one space", "# t\npolicy\n x: y\n", "line 3: indent a block by two spaces"},
		{"odd line", "# t\n<send\n", "line 2: a step begins"},
		{"trailing space", "# t\nsend \n", "line 2: trailing space"},
		{"tab in a verb", "# t\nsend\tx\n", "line 2: trailing space, tab"},
		{"carriage return", "# t\nsend\n  a\r\n", "line 3: trailing tab or carriage return"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestRender(t *testing.T) {
	f, err := Parse(sample)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Render(wants(f)); got != sample {
		t.Errorf("not given back:\n%s", Diff(sample, got))
	}
	got := f.Render([][]string{nil, {"401", "", "no"}, {"POST /x"}, {"odd"}})
	want := strings.NewReplacer("< 200\n<\n< text  with spaces", "< 401\n<\n< no", "< nothing", "< POST /x",
		"advance 1s\n", "advance 1s\n< odd\n").Replace(sample)
	if got != want {
		t.Error(Diff(want, got))
	}
}

func wants(f *File) [][]string {
	var out [][]string
	for _, s := range f.Steps {
		out = append(out, s.Want)
	}
	return out
}

func TestDiff(t *testing.T) {
	tests := []struct{ name, want, got, diff string }{
		{"equal", "a\nb", "a\nb", ""},
		{"changed", "a\nb\nc", "a\nx\nc", "  a\n- b\n+ x\n  c\n"},
		{"added at the end", "a", "a\nb", "  a\n+ b\n"},
		{"removed at the start", "a\nb", "b", "- a\n  b\n"},
		{"far apart", "x\n1\n2\n3\n4\n5\n6\n7\ny", "1\n2\n3\n4\n5\n6\n7",
			"- x\n  1\n  2\n  3\n  ...\n  5\n  6\n  7\n- y\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Diff(tt.want, tt.got); got != tt.diff {
				t.Errorf("got\n%s\nwant\n%s", got, tt.diff)
			}
		})
	}
}

// FuzzRender checks that whatever parses is given back byte by byte, and that
// rendered output parses to itself.
func FuzzRender(f *testing.F) {
	f.Add(sample, "200")
	f.Add("# t\na\n<\n<  \n", "")
	f.Add("# t\na\n  b\n\n  c\n\nd", "< x")
	f.Fuzz(func(t *testing.T, text, line string) {
		file, err := Parse(text)
		if err != nil {
			return
		}
		if got := file.Render(wants(file)); got != strings.TrimSuffix(text, "\n")+"\n" {
			t.Fatalf("%q became %q", text, got)
		}
		if strings.ContainsAny(line, "\n") || strings.HasSuffix(line, " ") {
			return
		}
		outputs := make([][]string, len(file.Steps))
		outputs[len(outputs)-1] = []string{line}
		again, err := Parse(file.Render(outputs))
		if err != nil {
			t.Fatalf("rendered text does not parse: %v", err)
		}
		if got := again.Steps[len(outputs)-1].Want; !reflect.DeepEqual(got, []string{line}) {
			t.Errorf("output %q came back as %q", line, got)
		}
	})
}

// FuzzDiff checks that the marked lines are exactly both texts.
func FuzzDiff(f *testing.F) {
	f.Add("a\nb\nc", "a\nc\nd")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 1000 || len(b) > 1000 {
			return
		}
		var left, right []string
		for _, e := range edit(strings.Split(a, "\n"), strings.Split(b, "\n")) {
			if e[0] != '+' {
				left = append(left, e[2:])
			}
			if e[0] != '-' {
				right = append(right, e[2:])
			}
		}
		if strings.Join(left, "\n") != a || strings.Join(right, "\n") != b {
			t.Errorf("%q and %q came back as %q and %q", a, b, left, right)
		}
	})
}
