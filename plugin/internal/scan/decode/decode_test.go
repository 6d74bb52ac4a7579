package decode

import "testing"

func TestUndo(t *testing.T) {
	unescape := func(s string) string { out, _ := Unescape(nil, []byte(s), Escaped([]byte(s))); return string(out) }
	runs := func(s string) string { out, _, _ := Runs(nil, []byte(s)); return string(out) }
	numbers := func(s string) string { out, _, _ := Numbers(nil, []byte(s)); return string(out) }
	leets := func(s string) string { out, _ := Leet(nil, []byte(s), 'i'); return string(out) }
	marks := func(s string) string { out, _ := Marks(nil, []byte(s)); return string(out) }
	tags := func(s string) string { out, _ := Tags(nil, []byte(s)); return string(out) }
	for _, c := range []struct {
		name     string
		do       func(string) string
		in, want string
	}{
		{"percent", unescape, "%69gnore+%61ll", "ignore all"},
		{"entities", unescape, "&#105;g&#x6e;ore &lt;b&gt;", "ignore <b>"},
		{"escapes", unescape, `\u0069g\x6eore \ud83d\ude00`, "ignore \U0001F600"},
		{"code is not quoted-printable", unescape, "a=20; b=30", "a=20; b=30"},
		{"base64", runs, "say aWdub3JlIGFsbA== now", "say ignore all now"},
		{"base64 without padding", runs, "aWdub3JlIGFsbA", "ignore all"},
		{"hex", runs, "69676e6f726520616c6c", "ignore all"},
		{"base32", runs, "NFTW433SMUQGC3DM", "ignore all"},
		{"words stay", runs, "internationalization of well-known-things", "internationalization of well-known-things"},
		{"decimal", numbers, "105 103 110 111 114 101", "ignore"},
		{"hex bytes", numbers, "0x69, 0x67, 0x6e, 0x6f, 0x72, 0x65", "ignore"},
		{"binary", numbers, "01101001 01100111 01101110 01101111 01110010 01100101", "ignore"},
		{"morse", numbers, ".. --. -. --- .-. . / .- .-.. .-..", "ignore all"},
		{"numbers stay", numbers, "1 2 3 4 5 6 7 and 10, 20, 30, 40, 50", "1 2 3 4 5 6 7 and 10, 20, 30, 40, 50"},
		{"leet", leets, "1gn0r3 @ll", "ignore all"},
		{"marks", marks, "i.g.n-o-r_e a.l.l", "ignore all"},
		{"tags", tags, "a\U000e0069\U000e0067", "ig"},
	} {
		if got := c.do(c.in); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

// FuzzBounds holds the promise that no function writes more than it reads, but
// for the line feeds that Singles puts behind rows, one for four letters.
func FuzzBounds(f *testing.F) {
	for _, s := range []string{"", "%41&#65;\\u0041=41", "aWdub3JlIGFsbA==", "i g n o r e", "0x69 0x67 0x6e 0x6f 0x72", "1gn0r3", "\U000e0069\ufe01\u200b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		check := func(name string, out []byte, most int) {
			if len(out) > most {
				t.Errorf("%s: %d bytes from %d", name, len(out), len(b))
			}
		}
		out, _ := Unescape(nil, b, Kinds(0xFF))
		check("Unescape", out, len(b))
		out, _, _ = Runs(nil, b)
		check("Runs", out, len(b))
		out, _, _ = Numbers(nil, b)
		check("Numbers", out, len(b))
		out, _ = Tags(nil, b)
		check("Tags", out, len(b))
		out, _ = Selectors(nil, b)
		check("Selectors", out, len(b))
		out, _ = Leet(nil, b, 'l')
		check("Leet", out, len(b))
		out, _ = Marks(nil, b)
		check("Marks", out, len(b))
		out, _ = Singles(nil, b, false)
		check("Singles", out, 2*len(b))
		check("Reverse", Reverse(nil, b), len(b))
		check("ReverseWords", ReverseWords(nil, b), len(b))
	})
}
