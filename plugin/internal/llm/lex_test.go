package llm

import (
	"math/big"
	"testing"
)

func TestWholeNumber(t *testing.T) {
	for word, want := range map[string]int64{"0": 0, "7": 7, "1048576": 1 << 20, "9223372036854775807": maxInt64,
		"9223372036854775808": -1, "99999999999999999999999": -1, "-1": -1, "1.0": -1, "1e3": -1} {
		if n, ok := wholeNumber([]byte(word)); (ok && n != want) || ok != (want >= 0) {
			t.Errorf("wholeNumber(%s) = %d, %v", word, n, ok)
		}
	}
}

// FuzzWholeNumber checks wholeNumber against math/big.
func FuzzWholeNumber(f *testing.F) {
	f.Add("9223372036854775807")
	f.Fuzz(func(t *testing.T, word string) {
		n, ok := wholeNumber([]byte(word))
		for _, c := range word {
			if c < '0' || c > '9' {
				if ok {
					t.Fatalf("%q is a number", word)
				}
				return
			}
		}
		if want, _ := new(big.Int).SetString("0"+word, 10); ok != want.IsInt64() || (ok && n != want.Int64()) {
			t.Fatalf("wholeNumber(%s) = %d, %v", word, n, ok)
		}
	})
}

// FuzzString checks that reading, escaping and copying a string come back.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain and long enough for a word", `\u00e9\ud83d\ude00\n\/\"`, "é\\u200b\u2028", `\ud800`, "tab\t"} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, cut int) {
		x := lexer{b: []byte(`"` + s + `"`)}
		l, ok := x.str()
		if !ok || x.i != len(x.b) {
			return
		}
		v := unescape([]byte("kept"), x.b[l.lo:l.hi])
		if string(v[:4]) != "kept" {
			t.Fatalf("unescape lost what dst held: %q", v)
		}
		v = v[4:]
		if !l.escaped && string(v) != s {
			t.Fatalf("%q became %q without an escape", s, v)
		}
		for _, written := range [][]byte{escape(nil, v), escapeLike(nil, []byte(s), v), escapeLike(nil, []byte("other"), v)} {
			y := lexer{b: append(append([]byte{'"'}, written...), '"')}
			if m, ok := y.str(); !ok || string(unescape(nil, y.b[m.lo:m.hi])) != string(v) {
				t.Fatalf("%q is written %q", v, written)
			}
		}
		if same := escapeLike(nil, []byte(s), v); string(same) != s {
			t.Fatalf("%q unchanged is written %q", s, same)
		}
	})
}
