package respcache

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func keyFor(t testing.TB, tenant string, decides []string, body string) Key {
	t.Helper()
	k, err := NewHasher().Key(tenant, decides, []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return k
}

func TestSpellingsOfOneRequest(t *testing.T) {
	for _, same := range [][]string{
		{`{"model":"m","temperature":1,"messages":[{"role":"user","content":"hi"}]}`,
			` { "messages" : [ { "content" : "hi" , "role" : "user" } ] , "temperature" : 1.0 , "model" : "m" } `,
			"{\n\t\"temperature\":1e0,\r\n\t\"model\":\"\\u006d\",\"messages\":[{\"role\":\"user\",\"content\":\"h\\u0069\"}]}"},
		{`{"a":1200}`, `{"a":12e2}`, `{"a":1.2E+3}`, `{"a":120000e-2}`, `{"a":1200.000}`},
		{`{"a":0}`, `{"a":-0}`, `{"a":0.0}`, `{"a":0e5}`, `{"a":-0.00E-7}`},
		{`{"a":-0.05}`, `{"a":-5e-2}`, `{"a":-0.0500}`},
		{`{"a":"/\"\\\b\f\n\r\t"}`, `{"a":"\/\u0022\u005C\u0008\u000c\u000a\u000D\u0009"}`},
		{`{"a":"é😀"}`, `{"a":"\u00e9\ud83d\uDE00"}`},
		{`{"é":1,"z":2}`, `{"z":2,"\u00E9":1}`},
		{`{"a":{"c":[1,{"y":2,"x":1}],"b":null}}`, `{"a":{"b":null,"c":[1,{"x":1,"y":2}]}}`},
	} {
		for _, other := range same[1:] {
			if keyFor(t, "t", nil, same[0]) != keyFor(t, "t", nil, other) {
				t.Errorf("%s and %s have different keys", same[0], other)
			}
		}
	}
}

func TestDifferentRequests(t *testing.T) {
	seen := map[Key]string{}
	for _, body := range []string{
		`{}`, `[]`, `null`, `""`, `0`, `{"a":null}`, `{"a":0}`, `{"a":"0"}`, `{"a":false}`, `{"a":[]}`, `{"a":{}}`,
		`{"a":1}`, `{"a":-1}`, `{"a":10}`, `{"a":1.0000000000000000000001}`, `{"a":1e400}`, `{"a":1e401}`,
		`{"a":9007199254740992}`, `{"a":9007199254740993}`,
		`{"a":[1,2]}`, `{"a":[2,1]}`, `{"a":[12]}`, `{"a":[[1],2]}`, `{"a":[1,[2]]}`,
		`{"a":"b"}`, `{"a":"B"}`, `{"a":"b "}`, `{"A":"b"}`, `{"ab":""}`, `{"a":"b","b":"a"}`,
		`{"a":"\ud800"}`, `{"a":"\ud801"}`, `{"a":"\udc00"}`, `{"a":"\ufffd"}`, `{"a":"\\ud800"}`,
		`{"a":"\u0000"}`, `{"a":"e\u0301"}`, `{"a":"é"}`,
	} {
		k := keyFor(t, "t", nil, body)
		if other, ok := seen[k]; ok {
			t.Errorf("%s and %s have one key", body, other)
		}
		seen[k] = body
	}
}

func TestNoKey(t *testing.T) {
	deep := strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)
	var wide strings.Builder
	for i := range maxMembers + 1 {
		fmt.Fprintf(&wide, `,"%x":0`, i)
	}
	for _, c := range []struct {
		name, body string
		want       error
	}{
		{"nothing", "", ErrBody},
		{"white space", " \n", ErrBody},
		{"two values", `{} {}`, ErrBody},
		{"cut off", `{"a":1`, ErrBody},
		{"name alone", `{"a"}`, ErrBody},
		{"no name", `{1:2}`, ErrBody},
		{"comma at the end", `{"a":1,}`, ErrBody},
		{"comma at the end of an array", `[1,]`, ErrBody},
		{"a name twice", `{"a":1,"a":1}`, ErrBody},
		{"a name twice, spelt differently", `{"a":1,"b":2,"\u0061":3}`, ErrBody},
		{"a name twice, deep down", `{"x":[{"b":1,"a":1,"b":1}]}`, ErrBody},
		{"not UTF-8", "{\"a\":\"\xff\"}", ErrBody},
		{"control character", "{\"a\":\"\n\"}", ErrBody},
		{"unknown escape", `{"a":"\x"}`, ErrBody},
		{"cut escape", `{"a":"\u12"}`, ErrBody},
		{"leading zero", `{"a":01}`, ErrBody},
		{"plus sign", `{"a":+1}`, ErrBody},
		{"no digits", `{"a":-}`, ErrBody},
		{"no fraction", `{"a":1.}`, ErrBody},
		{"no exponent", `{"a":1e}`, ErrBody},
		{"an exponent that no model takes", `{"a":1e99999999999}`, ErrBody},
		{"not a number", `{"a":NaN}`, ErrBody},
		{"misspelt", `{"a":tru}`, ErrBody},
		{"too deep", deep, ErrBody},
		{"too wide", "{" + wide.String()[1:] + "}", ErrBody},
		{"too long", `"` + strings.Repeat("x", MaxRequest) + `"`, ErrBody},
		{"byte order mark", "\ufeff{}", ErrBody},
		{"a form", "a=1&b=2", ErrBody},
		{"conversation", `{"input":"hi","conversation":"conv_1"}`, ErrState},
		{"spelt differently", `{"\u0063onversation":{"id":"conv_1"}}`, ErrState},
		{"earlier response", `{"previous_response_id":"resp_1"}`, ErrState},
		{"background", `{"background":true}`, ErrState},
		{"container", `{"container":{"id":"c"}}`, ErrState},
	} {
		if k, err := NewHasher().Key("t", nil, []byte(c.body)); err != c.want || k != (Key{}) {
			t.Errorf("%s: got %x, %v, want %v", c.name, k, err, c.want)
		}
	}
	for _, body := range []string{
		`{"conversation":null,"background":false}`, `{"messages":[{"container":"x"}]}`, deep[1 : len(deep)-1],
		`"` + strings.Repeat("x", MaxRequest-2) + `"`, `{"a":1e1048576}`,
	} {
		if _, err := NewHasher().Key("t", nil, []byte(body)); err != nil {
			t.Errorf("%.50s: %v", body, err)
		}
	}
}

// TestTenantsHaveTheirOwnKeys: whatever tenants call themselves and whatever
// they ask, two of them never have one key, nor does a tenant's name run into
// what follows it.
func TestTenantsHaveTheirOwnKeys(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	type request struct {
		tenant, decides string
		body            int
	}
	pieces := []string{"", "a", "b", "\x00", "ab", "/v1/chat", `{"a":0}`, "\x80\x00\x00\x01", "team a", "0"}
	seen := map[Key]request{}
	for range 20_000 {
		tenant := pieces[random.IntN(len(pieces))] + pieces[random.IntN(len(pieces))]
		var decides []string
		for range random.IntN(4) {
			decides = append(decides, pieces[random.IntN(len(pieces))])
		}
		body := random.IntN(2)
		k := keyFor(t, tenant, decides, `{"a":`+strconv.Itoa(body)+`}`)
		r := request{tenant, fmt.Sprintf("%q", decides), body}
		if other, ok := seen[k]; ok && other != r {
			t.Fatalf("%+v and %+v have one key", r, other)
		}
		seen[k] = r
	}
}

// randomValue makes any JSON value.
func randomValue(random *rand.Rand, depth int) any {
	kind := random.IntN(7)
	if depth == 0 {
		kind = random.IntN(5)
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return random.IntN(2) == 0
	case 2:
		return json.Number(strconv.FormatInt(random.Int64N(1000)-500, 10) + "e" + strconv.Itoa(random.IntN(20)-10))
	case 3, 4:
		return randomText(random)
	case 5:
		list := make([]any, random.IntN(4))
		for i := range list {
			list[i] = randomValue(random, depth-1)
		}
		return list
	}
	object := map[string]any{}
	for range random.IntN(6) {
		object[randomText(random)] = randomValue(random, depth-1)
	}
	return object
}

func randomText(random *rand.Rand) string {
	letters := []rune("abAB 01\"\\/\n\x01é€😀")
	text := make([]rune, random.IntN(4))
	for i := range text {
		text[i] = letters[random.IntN(len(letters))]
	}
	return string(text)
}

// spell writes a value in one of its many spellings.
func spell(random *rand.Rand, v any) string {
	space := func() string { return strings.Repeat(" ", random.IntN(2)) + strings.Repeat("\n", random.IntN(2)) }
	switch v := v.(type) {
	case json.Number:
		return space() + spellNumber(random, string(v)) + space()
	case string:
		return space() + spellText(random, v) + space()
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, spell(random, e))
		}
		return space() + "[" + space() + strings.Join(parts, ",") + "]" + space()
	case map[string]any:
		var parts []string
		for name, e := range v {
			parts = append(parts, space()+spellText(random, name)+space()+":"+spell(random, e))
		}
		random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return space() + "{" + space() + strings.Join(parts, ",") + "}" + space()
	}
	text, _ := json.Marshal(v)
	return space() + string(text) + space()
}

func spellText(random *rand.Rand, s string) string {
	out := `"`
	for _, r := range s {
		switch {
		case random.IntN(3) == 0 && r < 0x10000:
			out += fmt.Sprintf(`\u%04X`, r)
		case random.IntN(3) == 0 && r >= 0x10000:
			out += fmt.Sprintf(`\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		case r == '/' && random.IntN(2) == 0:
			out += `\/`
		default:
			text, _ := json.Marshal(string(r))
			out += string(text[1 : len(text)-1])
		}
	}
	return out + `"`
}

// spellNumber moves the point of a whole number with an exponent.
func spellNumber(random *rand.Rand, s string) string {
	digits, exponent, _ := strings.Cut(s, "e")
	e, _ := strconv.Atoi(exponent)
	digits, negative := strings.CutPrefix(digits, "-")
	for range random.IntN(3) {
		digits, e = digits+"0", e-1
	}
	if strings.Trim(digits, "0") == "" {
		digits = "0"
	}
	if n := random.IntN(len(digits)); n > 0 {
		digits, e = digits[:n]+"."+digits[n:], e+len(digits)-n
	}
	if negative {
		digits = "-" + digits
	}
	if e != 0 || random.IntN(2) == 0 {
		digits += []string{"e", "E"}[random.IntN(2)]
		if e >= 0 && random.IntN(2) == 0 {
			digits += "+"
		}
		digits += strconv.Itoa(e)
	}
	return digits
}

// TestKeyAgainstMeaning: two spellings of a value have one key, and a value
// that means anything else has another.
func TestKeyAgainstMeaning(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	hasher := NewHasher()
	key := func(v any) Key {
		body := spell(random, v)
		k, err := hasher.Key("t", nil, []byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return k
	}
	for range 3000 {
		v, w := randomValue(random, 4), randomValue(random, 4)
		if one, other := key(v), key(v); one != other {
			t.Fatalf("two spellings of %v have two keys", v)
		}
		if same := key(v) == key(w); same != sameMeaning(v, w) {
			t.Fatalf("%v and %v: one key is %v", v, w, same)
		}
		changed := change(random, v)
		if same := key(v) == key(changed); same != sameMeaning(v, changed) {
			t.Fatalf("%v and %v: one key is %v", v, changed, same)
		}
	}
}

// change returns a copy of v with one thing in it replaced.
func change(random *rand.Rand, v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			w := append([]any(nil), v...)
			i, j := random.IntN(len(w)), random.IntN(len(w))
			if w[i], w[j] = w[j], w[i]; i == j {
				w[i] = change(random, w[i])
			}
			return w
		}
	case map[string]any:
		w := map[string]any{}
		for name, e := range v {
			w[name] = e
		}
		for name, e := range v {
			switch random.IntN(3) {
			case 0:
				delete(w, name)
			case 1:
				w[name] = change(random, e)
			default:
				w[name+"x"] = e
			}
			break
		}
		return w
	}
	return randomValue(random, 1)
}

// sameMeaning compares values as encoding/json reads them, numbers by value.
func sameMeaning(v, w any) bool {
	switch v := v.(type) {
	case json.Number:
		w, ok := w.(json.Number)
		if !ok {
			return false
		}
		a, _ := new(big.Rat).SetString(string(v))
		b, _ := new(big.Rat).SetString(string(w))
		return a != nil && b != nil && a.Cmp(b) == 0
	case []any:
		w, ok := w.([]any)
		for i := range v {
			ok = ok && i < len(w) && sameMeaning(v[i], w[i])
		}
		return ok && len(v) == len(w)
	case map[string]any:
		w, ok := w.(map[string]any)
		for name := range v {
			other, has := w[name]
			ok = ok && has && sameMeaning(v[name], other)
		}
		return ok && len(v) == len(w)
	}
	return reflect.DeepEqual(v, w)
}

// FuzzCanon compares with encoding/json: what has a canonical form is JSON and
// means the same, and the form of the form is itself.
func FuzzCanon(f *testing.F) {
	random := rand.New(rand.NewPCG(6, 6))
	for range 30 {
		f.Add([]byte(spell(random, randomValue(random, 3))))
	}
	for _, text := range []string{`{"a":1,"a":2}`, `"\ud800"`, `-0`, `1e5`, `[1,`, "\xff", `"\u00"`, `{"b":{"d":1,"c":2},"a":[]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var c, again canon
		form, err := c.write(text)
		if err != nil {
			if plain(text) {
				t.Fatalf("%s has no form", text)
			}
			return
		}
		if !json.Valid(text) || !json.Valid(form) {
			t.Fatalf("%s or its form %s is no JSON", text, form)
		}
		if second, err := again.write(form); err != nil || string(second) != string(form) {
			t.Fatalf("%s: the form of its form %s is %s, %v", text, form, second, err)
		}
		if v, w := decode(t, text), decode(t, form); !sameMeaning(v, w) {
			t.Fatalf("%s: its form %s means something else", text, form)
		}
	})
}

// plain says that a text must have a form: it is JSON in UTF-8 without what is
// refused on purpose.
func plain(text []byte) bool {
	if !json.Valid(text) || !utf8.Valid(text) || len(text) > 1000 {
		return false
	}
	for _, odd := range []string{":", "e", "E", strings.Repeat("[", 20), `\u`} {
		if strings.Count(string(text), odd) > 1 {
			return false
		}
	}
	return !strings.ContainsAny(string(text), "eE")
}

func decode(t *testing.T, text []byte) (v any) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return limitNumbers(v)
}

// limitNumbers keeps the comparison from expanding huge exponents.
func limitNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		digits, _, _ := strings.Cut(strings.ToLower(string(v)), "e")
		f, err := v.Float64()
		switch {
		case strings.Trim(digits, "-0.") == "":
			return json.Number("0")
		case err != nil || f > 1e300 || f < -1e300 || f < 1e-300 && f > -1e-300:
			return "huge or tiny"
		}
	case []any:
		for i := range v {
			v[i] = limitNumbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = limitNumbers(v[name])
		}
	}
	return v
}

func BenchmarkKey(b *testing.B) {
	body := `{"model":"gpt-4o-mini","temperature":0.2,"stream":true,"messages":[` +
		`{"role":"system","content":"You are a helpful assistant."},` +
		`{"role":"user","content":"` + strings.Repeat("Tell me about rivers. ", 45) + `"}]}`
	hasher, decides := NewHasher(), []string{"POST", "/v1/chat/completions", "openai"}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := hasher.Key("alice", decides, []byte(body)); err != nil {
			b.Fatal(err)
		}
	}
}
