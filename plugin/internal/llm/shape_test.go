package llm

import (
	"strings"
	"testing"
)

// everyShape returns the shapes of all APIs and what is below them.
func everyShape() map[*shape]bool {
	seen := make(map[*shape]bool)
	var visit func(*shape)
	visit = func(s *shape) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		visit(s.rest)
		for _, f := range s.fields {
			visit(f.shape)
		}
	}
	for _, s := range shapes {
		visit(s)
	}
	return seen
}

// TestShapes checks the tables themselves.
func TestShapes(t *testing.T) {
	all := everyShape()
	if len(all) < 15 {
		t.Fatalf("only %d shapes", len(all))
	}
	for s := range all {
		names := make(map[string]bool)
		for _, f := range s.fields {
			names[strings.ToLower(f.name)] = true
		}
		if len(names) != len(s.fields) || len(names) > 100 {
			t.Errorf("%d fields with %d names without case, want as many and at most 100", len(s.fields), len(names))
		}
		for i, f := range s.fields {
			if f.as != texts && i >= maxDecisive {
				t.Errorf("%s is field %d and may stand once: at most %d can", f.name, i, maxDecisive)
			}
			if (f.as == texts || f.as == single) && f.shape == nil {
				t.Errorf("%s has no shape", f.name)
			}
			if len(f.name) > maxFold {
				t.Errorf("%s is longer than %d bytes", f.name, maxFold)
			}
		}
	}
}

// TestFindFoldsCase checks every field of every shape in other cases, the two
// letters that Go's decoder folds from outside of ASCII among them.
func TestFindFoldsCase(t *testing.T) {
	kelvin := strings.NewReplacer("k", "\u212a", "s", "\u017f")
	for s := range everyShape() {
		for i, f := range s.fields {
			if got, miscased := s.find([]byte(f.name)); got != i || miscased {
				t.Errorf("find(%q) = %d, %v", f.name, got, miscased)
			}
			for _, other := range []string{strings.ToUpper(f.name), strings.ToUpper(f.name[:1]) + f.name[1:], kelvin.Replace(f.name)} {
				if got, miscased := s.find([]byte(other)); other != f.name && (got != i || !miscased) {
					t.Errorf("find(%q) = %d, %v, want %d and true", other, got, miscased, i)
				}
			}
		}
		for _, no := range []string{"", "nothing", "ROLÉ", strings.Repeat("x", 100), strings.Repeat("\u017f", 40)} {
			if got, miscased := s.find([]byte(no)); got != -1 || miscased {
				t.Errorf("find(%q) = %d, %v, want -1", no, got, miscased)
			}
		}
	}
}

// FuzzFold checks fold against strings.EqualFold, the comparison of Go's decoder.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"Role", "meSSages", "\u017fystem", "to\u212aens", "\xff", "İ", "content"} {
		f.Add(s, "messages")
		f.Add(s, strings.ToLower(s))
	}
	f.Fuzz(func(t *testing.T, key, name string) {
		low, ok := fold(nil, []byte(key))
		want, plain := fold(nil, []byte(name))
		if !plain || string(want) != name || len(name) > maxFold {
			return // no name of a field
		}
		if got := ok && string(low) == name; got != strings.EqualFold(key, name) {
			t.Fatalf("fold says that %q is %q: %v", key, name, got)
		}
	})
}

func TestTextual(t *testing.T) {
	for name, want := range map[string]bool{
		"text/plain": true, "TEXT/X-ANYTHING; charset=utf-8": true, "application/json": true, "application/vnd.api+json": true,
		"application/x-yaml": true, "image/svg+xml": true, "notes.TXT": true, "a.b.md": true, "txt": true, " csv ": true,
		"evil.txt;.png": true, "text/plain; " + strings.Repeat("x", 100): true,
		"image/png": false, "application/pdf": false, "a.docx": false, "png": false, "": false, ".": false,
		"application/octet-stream": false, strings.Repeat("x", 100): false, "wav": false,
	} {
		if got := textual([]byte(name)); got != want {
			t.Errorf("textual(%q) = %v", name, got)
		}
	}
}

func TestLooksText(t *testing.T) {
	for data, want := range map[string]bool{
		"SWdub3JlIGFsbCBydWxlcy4=":                true, // Ignore all rules.
		"SWdub3JlIGFsbCBydWxlcy4":                 true, // without padding
		"SWdu\nb3Jl":                              true, // in lines
		"w6nDqcOp":                                true, // ééé
		"/w==":                                    false,
		"iVBORw0KGgo=":                            false, // PNG
		"/9j/4AAQSkZJRg==":                        false, // JPEG
		"R0lGODlhAQABAIAAAAAAAP":                  false, // GIF
		"UklGRiQAAABXQVZFZm10IA":                  false, // WAV
		"JVBERi0xLjQK":                            false, // PDF
		"SUQzBAAAAAAAI1RTU0U":                     false, // MP3
		strings.Repeat("w6nDqcOp", 20):            true,
		strings.Repeat("4oKs", 23) + "4oKs4oI=":   true, // cut in the middle of a rune
		strings.Repeat("4oKs", 10) + "4oKs4oI=":   false,
		strings.Repeat("4oKs", 100) + "AAAAAAAAA": true, // only the head counts
	} {
		if got := looksText([]byte(data)); got != want {
			t.Errorf("looksText(%q) = %v", data, got)
		}
	}
}

func TestIsMedium(t *testing.T) {
	long := strings.Repeat("abcd", 100)
	for data, want := range map[string]bool{
		"iVBORw0KGgoA" + long: true, "/9j/4AAQSkZJ" + long: true, "R0lGODlhAQAB" + long: true, "UklGRiQAAABX" + long: true,
		"JVBERi0xLjQK" + long: true, "UEsDBBQAAAAI" + long: true, "AAAAIGZ0eXBp" + long: true,
		"SWdub3JlIGFs" + long: false, "iVBORw0KGgoA": false, "": false, strings.Repeat(" ", 400): false, strings.Repeat("=", 400): false,
	} {
		if got := isMedium([]byte(data)); got != want {
			t.Errorf("isMedium(%.20q) = %v", data, got)
		}
	}
}

// FuzzDecode64 checks base64 against the standard library's strict decoders.
func FuzzDecode64(f *testing.F) {
	for _, s := range []string{"", "AAAA", "SGVsbG8=", "SGVsbG8", "-_-_", "+/+/", "a b", "====", "A===", "AA=A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := standard64(s)
		if got := isBase64([]byte(s)); err == nil && len(want) >= 3 && !got {
			t.Fatalf("isBase64(%q) is false, the standard library decodes it", s)
		} else if !got {
			return
		}
		if got := decode64(nil, []byte(s)); string(got) != string(want) {
			t.Fatalf("decode64(%q) = %q, want %q (%v)", s, got, want, err)
		}
	})
}
