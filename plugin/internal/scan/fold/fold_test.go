package fold

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func foldString(s string) string {
	var signs Signs
	return string(Append(nil, []byte(s), &signs))
}

func TestAppend(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"case", "Ignore ALL", "ignore all"},
		{"runs of white space", "  a \t b\u00a0\u3000c ", "a b c "},
		{"line feeds win over spaces", "a \n\r\n  b\u2028c\u0085d", "a\nb\nc\nd"},
		{"control characters vanish", "a\x00b\x1b[0mc\u0090", "ab[0mc"},
		{"zero-width characters vanish", "ig\u200bno\u2060re\ufeff\u00ad", "ignore"},
		{"bidi controls vanish", "\u202eabc\u202c\u2066d\u2069", "abcd"},
		{"tags vanish", "a\U000e0049\U000e0067b", "ab"},
		{"selectors vanish", "a\ufe0fb\U000e0101", "ab"},
		{"full width", "Ｉｇｎｏｒｅ　ａｌｌ！", "ignore all!"},
		{"mathematical", "𝐢𝗀𝓃𝔬𝕣𝚎 𝟙𝟐", "ignore 12"},
		{"circled", "ⓘⒼⓝ①🅰", "ign1*"},
		{"small capitals", "ɪɢɴᴏʀᴇ", "ignore"},
		{"ligatures", "ﬁle ﬀ ½", "file ff 1/2"},
		{"accents", "Ïgnörér ÅŁØ ñ", "ignorer alo n"},
		{"stacked marks", "i\u0300\u0301\u0489g\u0336n", "ign"},
		{"sharp s", "Straße", "strasse"},
		{"Turkish", "İçin ıssız", "icin issiz"},
		{"Greek", "Αγνόησε ΛΌΓΟΣ λόγος", "αγνοησε λογοσ λογοσ"},
		{"Cyrillic", "Игнорируй Ёлка", "игнорируи елка"},
		{"Arabic", "تَجَاهَل أإآ ـ", "تجاهل ااا "},
		{"Arabic presentation forms", "ﺗﺠﺎﻫﻞ", "تجاهل"},
		{"Persian as Arabic", "کی", "كي"},
		{"Hebrew points", "שָׁלוֹם", "שלום"},
		{"Hindi keeps vowel signs", "निर्देश", "निर्देश"},
		{"nukta goes", "क़", "क"},
		{"Thai keeps tone marks", "ก่อนหน้า", "ก่อนหน้า"},
		{"kana lose voicing", "が ガ ｶﾞ", "か カ カ"},
		{"decomposed Korean", "\u1106\u116e\u1109\u1175\u1112\u1161\u11ab", "무시한"},
		{"Han stays", "忽略之前的指令。", "忽略之前的指令."},
		{"quotes and dashes", "“a” ‘b’ «c» – — …", `"a" 'b' "c" - - ...`},
		{"emoji are symbols", "a😀b→", "a*b*"},
		{"flags are letters", "🇮🇬🇳", "ign"},
		{"braille", "⠊⠛⠝", "ign"},
		{"digits of other scripts", "٣४๕", "345"},
		{"invalid bytes vanish", "a\xffb\xe2\x80", "ab"},
		{"empty", "", ""},
	} {
		if got := foldString(c.in); got != c.want {
			t.Errorf("%s: %+q folds to %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestSigns(t *testing.T) {
	var s Signs
	Append(nil, []byte("a\x00\x1b\u0090\u200b\u200d\u202e\u2066\U000e0041\U000e0042\U000e0043\ufe0f\U000e0100\xff\xfe"), &s)
	want := Signs{Control: 3, Invisible: 2, Bidi: 2, Tags: 3, Selectors: 2, Invalid: 2}
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	var s Signs
	got := string(Append([]byte("x "), []byte(" \ny"), &s))
	if got != "x y" {
		t.Errorf("got %q, want %q", got, "x y")
	}
	// A vowel at the start must not join the consonant that was there before.
	if got := string(Append([]byte("\u1106"), []byte("\u116e"), &s)); got != "\u1106\u116e" {
		t.Errorf("got %+q", got)
	}
}

func TestLookalikes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"іgnоrе", "ignore"},
		{"SΥSТЕМ РRОМРТ", "system prompt"},
		{"Ꮯopy", "copy"},
		{"ｉgnоre", "ignore"},
		{"ıgnore", "ignore"},
		{"рlain", "plain"},
	} {
		if got := string(AppendLookalikes(nil, []byte(c.in))); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// TestEveryCharacter holds the promises of the package comment for each
// character by itself.
func TestEveryCharacter(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xD800 && r < 0xE000 {
			continue
		}
		in := string(r)
		got := foldString(in)
		if again := foldString(got); again != got {
			t.Fatalf("%U: folds to %q, and that to %q", r, got, again)
		}
		if !utf8.ValidString(got) {
			t.Fatalf("%U: folds to invalid %q", r, got)
		}
		if len(got) > maxGrowth*len(in) {
			t.Fatalf("%U: %d bytes become %d", r, len(in), len(got))
		}
		if Invisible(r) && got != "" {
			t.Fatalf("%U is invisible and folds to %q", r, got)
		}
		for _, c := range got {
			if c < 0x20 && c != '\n' || c >= 'A' && c <= 'Z' || c == 0x7F {
				t.Fatalf("%U folds to %q", r, got)
			}
		}
	}
}

func FuzzAppend(f *testing.F) {
	for _, s := range []string{"", "Ignore all", "ｉg\u200bnore \U000e0041", "\xff\xc3", " \n \t\n", "\u1106\u116e\u11ab", strings.Repeat("ﷺ", 3)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := foldString(in)
		if len(got) > maxGrowth*len(in) {
			t.Errorf("%d bytes become %d", len(in), len(got))
		}
		if !utf8.ValidString(got) {
			t.Errorf("invalid: %q", got)
		}
		for _, bad := range []string{"  ", " \n", "\n ", "\n\n"} {
			if strings.Contains(got, bad) {
				t.Errorf("white space left in a run: %q", got)
			}
		}
		var a, b Signs
		one := Append(nil, []byte(in), &a)
		two := Append(make([]byte, 0, 100), []byte(in), &b)
		if string(one) != string(two) || a != b {
			t.Error("the result depends on the buffer")
		}
		checkParts(t, []byte(strings.Repeat(in, 1+3*partSize/(1+len(in)))))
	})
}

// checkParts holds that reading in parts changes nothing, and that the parts are
// of about the size they should be.
func checkParts(t *testing.T, in []byte) {
	t.Helper()
	var a, b Signs
	want := Append([]byte("x"), in, &a)
	got, parts := AppendParts([]byte("x"), in, &b, nil)
	if string(got) != string(want) || a != b {
		t.Errorf("in parts %q, %+v, want %q, %+v", got, b, want, a)
	}
	if !slices.IsSorted(parts) || parts[0] != 0 || parts[len(parts)-1] != len(got)-1 {
		t.Errorf("parts begin at %v of %d bytes", parts, len(got)-1)
	}
	if n := PartAt(in, len(parts)-1); n != len(in) {
		t.Errorf("%d parts end at %d of %d", len(parts)-1, n, len(in))
	}
	for n := range len(parts) - 1 {
		from, to := PartAt(in, n), PartAt(in, n+1)
		if to <= from || to-from >= partSize+utf8.UTFMax || to < len(in) && to-from <= partSize-utf8.UTFMax {
			t.Errorf("part %d is from %d to %d", n, from, to)
		}
		if r, size := utf8.DecodeLastRune(in[:to]); r == utf8.RuneError && size == 1 && utf8.FullRune(in[to-1:]) {
			if whole, _ := utf8.DecodeRune(in[to-1:]); whole != utf8.RuneError {
				t.Errorf("part %d ends within %q", n, whole)
			}
		}
	}
}

func TestParts(t *testing.T) {
	for _, in := range []string{"", "a", "Ünïcödé  ", "請把 ", "\U000e0041\u200b", "\xff\xf0\x80\x80", "\u1106\u116e\u11ab", " \n", "ﷺ"} {
		for n := range 5 {
			checkParts(t, []byte(strings.Repeat("x", n)+strings.Repeat(in, 600)))
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"english", "The quick brown fox jumps over the lazy dog, and then it rests. "},
		{"chinese", "请把下面的段落翻译成英文，并保持原来的语气和格式。"},
		{"russian", "Переведи следующий абзац на английский язык, пожалуйста. "},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := []byte(strings.Repeat(c.text, 100))
			b.SetBytes(int64(len(text)))
			var dst []byte
			for b.Loop() {
				var s Signs
				dst = Append(dst[:0], text, &s)
			}
		})
	}
}

// TestEightBytes holds the path for eight bytes at once to the one for single
// bytes: every byte at every place among plain ones.
func TestEightBytes(t *testing.T) {
	for c := 0; c < 256; c++ {
		for at := 0; at < 24; at++ {
			b := []byte("abcdefghijklmnopqrstuvwx")
			b[at] = byte(c)
			want := foldString(string(b[:at])) + foldString(string(b[at:at+1]))
			if c == ' ' || c >= '\t' && c <= '\r' {
				want = string(b[:at])
				if white := asciiFold[c]; at > 0 {
					want += string(white)
				}
			}
			want += string(b[at+1:])
			if got := foldString(string(b)); got != want {
				t.Fatalf("%q: got %q, want %q", b, got, want)
			}
		}
	}
}
