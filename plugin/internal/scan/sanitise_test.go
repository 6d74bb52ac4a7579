package scan

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
)

func TestSanitise(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
	}{
		{"plain", "Hello, world!\tBye.\r\n", "Hello, world!\tBye.\r\n"},
		{"accents and scripts", "Grüße, мир, 世界, สวัสดี, שלום", "Grüße, мир, 世界, สวัสดี, שלום"},
		{"control characters", "a\x00b\x1b[31mc\x7fd\u0085e\u009bf", "ab[31mcdef"},
		{"zero-width", "ig\u200bno\u2060re\ufeff\u00ad\u034f", "ignore"},
		{"fillers", "a\u3164b\u115fc\uffa0d", "abcd"},
		{"direction", "\u202eabc\u202c \u2066d\u2069 \u200e\u200f\u061c", "abc d "},
		{"tags", "hi\U000e0049\U000e0067\U000e006e", "hi"},
		{"flag of Scotland", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f!", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f!"},
		{"flag that is none", "🏴\U000e0068\U000e0069\U000e007f", "🏴"},
		{"flag cut short", "🏴\U000e0067\U000e0062", "🏴"},
		{"flag with a message behind", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f\U000e0068\U000e0069", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"},
		{"family", "👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		{"rainbow flag", "🏳️\u200d🌈", "🏳️\u200d🌈"},
		{"dark-skinned astronaut", "🧑🏿\u200d🚀", "🧑🏿\u200d🚀"},
		{"joiner between letters", "a\u200db\u200cc", "abc"},
		{"joiner at the end", "👨\u200d", "👨"},
		{"two joiners", "👨\u200d\u200d👩", "👨\u200d👩"},
		{"keycap", "1\ufe0f\u20e3 #\ufe0f\u20e3", "1\ufe0f\u20e3 #\ufe0f\u20e3"},
		{"heart", "❤️ ❤\ufe0e", "❤️ ❤\ufe0e"},
		{"one selector is enough", "❤\ufe0f\ufe0f\ufe0f", "❤\ufe0f"},
		{"selectors behind letters", "a\ufe0fb\ufe01c\U000e0101", "abc"},
		{"selectors spell bytes", "😀\U000e0158\U000e0159\U000e0155", "😀"},
		{"Han with a selector", "葛\U000e0100城", "葛\U000e0100城"},
		{"Persian", "می\u200cخواهم", "می\u200cخواهم"},
		{"Hindi", "क्\u200dष क्\u200cष", "क्\u200dष क्\u200cष"},
		{"Persian beside Latin", "می\u200cx", "میx"},
		{"not UTF-8", "a\xff\xfeb\xe2\x80", "ab"},
		{"parts of a tag", "\xf3\xa0\x81\u200b\xa2", ""},
		{"empty", "", ""},
	} {
		got, n := Sanitise(nil, []byte(c.in))
		if string(got) != c.want {
			t.Errorf("%s: %+q becomes %+q, want %+q", c.name, c.in, got, c.want)
		}
		if want := utf8.RuneCountInString(c.in) - utf8.RuneCountInString(c.want); n != want {
			t.Errorf("%s: says %d removed, want %d", c.name, n, want)
		}
	}
}

func TestSanitiseAppends(t *testing.T) {
	got, _ := Sanitise([]byte("x"), []byte("\u200by"))
	if string(got) != "xy" {
		t.Errorf("got %q", got)
	}
}

func FuzzSanitise(f *testing.F) {
	for _, s := range []string{"abc", "a\u200bb", "👨\u200d👩", "🏴\U000e0067\U000e0062", "\xff\u202e", "می\u200cخ", "1\ufe0f\u20e3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, n := Sanitise(nil, []byte(in))
		if again, more := Sanitise(nil, got); more != 0 || !bytes.Equal(again, got) {
			t.Errorf("not done at once: %+q, then %+q", got, again)
		}
		if n == 0 && string(got) != in {
			t.Errorf("nothing removed, yet %+q became %+q", in, got)
		}
		if !isSubsequence(string(got), in) {
			t.Errorf("%+q has more than %+q", got, in)
		}
		var before, after fold.Signs
		a := fold.Append(nil, []byte(in), &before)
		b := fold.Append(nil, got, &after)
		if !strings.ContainsAny(in, "\v\f\u0085") && !bytes.Equal(a, b) { // these read as line feeds
			t.Errorf("reads differently: %q, then %q", a, b)
		}
		if after.Control+after.Bidi != 0 {
			t.Errorf("left in %+q: %+v", got, after)
		}
	})
}

// isSubsequence tells whether s is what is left of all when some bytes go.
func isSubsequence(s, all string) bool {
	for _, c := range []byte(s) {
		i := strings.IndexByte(all, c)
		if i < 0 {
			return false
		}
		all = all[i+1:]
	}
	return true
}
