package wasm

import (
	"bytes"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

// Properties are encoded as Envoy encodes them.
func TestSerialize(t *testing.T) {
	for _, c := range []struct {
		value  value
		want   string
		status abi.Status
	}{
		{"text", "text", abi.OK},
		{"", "", abi.OK},
		{[]byte{0, 1}, "\x00\x01", abi.OK},
		{int64(-2), "\xfe\xff\xff\xff\xff\xff\xff\xff", abi.OK},
		{uint64(258), "\x02\x01\x00\x00\x00\x00\x00\x00", abi.OK},
		{true, "\x01", abi.OK},
		{false, "\x00", abi.OK},
		{time.Microsecond, "\xe8\x03\x00\x00\x00\x00\x00\x00", abi.OK},
		{time.Unix(0, 5), "\x05\x00\x00\x00\x00\x00\x00\x00", abi.OK},
		{dict{{Name: "a", Value: "bc"}}, "\x01\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00a\x00bc\x00", abi.OK},
		{message{encoded: []byte("x")}, "x", abi.OK},
		{message{absent: true}, "", abi.SerializationFailure},
		{fields(func(string) value { return nil }), "", abi.SerializationFailure},
		{nil, "", abi.SerializationFailure},
	} {
		if got, status := serialize(c.value); string(got) != c.want || status != c.status {
			t.Errorf("%#v: got %q and %v, want %q and %v", c.value, got, status, c.want, c.status)
		}
	}
}

func TestWalk(t *testing.T) {
	tree := fields(func(name string) value {
		return map[string]value{"map": dict{{Name: "a.b", Value: "1"}, {Name: "c", Value: "2"}},
			"message": message{members: map[string]value{"id": "node"}}, "number": int64(3)}[name]
	})
	for _, c := range []struct {
		path string
		want value
	}{
		{"map\x00c", "2"},
		{"map\x00c\x00", "2"}, // a zero byte at the end adds no part
		{"map\x00a.b", "1"},
		{"map\x00", tree("map")},
		{"message\x00id", "node"},
		{"message\x00none", nil},
		{"map\x00c\x00deeper", nil},
		{"number\x00deeper", nil},
		{"none", nil},
		{"\x00map", nil},
	} {
		got := walk(tree, pathParts(c.path))
		text, _ := serialize(got)
		want, _ := serialize(c.want)
		if (got == nil) != (c.want == nil) || !bytes.Equal(text, want) {
			t.Errorf("%q: got %v, want %v", c.path, got, c.want)
		}
	}
	if parts := pathParts(""); parts != nil {
		t.Errorf("an empty path has the parts %q", parts)
	}
}

func TestParseFields(t *testing.T) {
	for _, c := range []struct {
		name, data string
		text       string // of field 1
		number     uint64 // of field 2
		ok         bool
	}{
		{"nothing", "", "", 0, true},
		{"a text", "\x0a\x02hi", "hi", 0, true},
		{"the last of two counts", "\x0a\x01a\x0a\x01b", "b", 0, true},
		{"a number", "\x10\x96\x01", "", 150, true},
		{"others are skipped", "\x19\x00\x00\x00\x00\x00\x00\x00\x00\x25\x00\x00\x00\x00\x0a\x01a", "a", 0, true},
		{"a text longer than the message", "\x0a\x05hi", "", 0, false},
		{"a size that wraps", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "", 0, false},
		{"no size", "\x0a", "", 0, false},
		{"no number", "\x10", "", 0, false},
		{"a number that never ends", "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "", 0, false},
		{"four bytes that are three", "\x25\x00\x00\x00", "", 0, false},
		{"field number 0", "\x02\x00", "", 0, false},
		{"a group", "\x0b", "", 0, false},
	} {
		texts, numbers, ok := parseFields([]byte(c.data))
		if ok != c.ok || texts[1] != c.text || numbers[2] != c.number {
			t.Errorf("%s: got %v %v %v", c.name, texts, numbers, ok)
		}
	}
}

// What is written is read again, whatever stands around it.
func FuzzFields(f *testing.F) {
	f.Add("name", uint64(1), []byte("\x10\x01"))
	f.Fuzz(func(t *testing.T, text string, number uint64, garbage []byte) {
		parseFields(garbage)
		number = number%1000 + 1
		texts, _, ok := parseFields(appendField([]byte("\x10\x01"), number, text))
		if !ok || texts[number] != text {
			t.Errorf("field %d with %q was read as %v, %v", number, text, texts, ok)
		}
	})
}

// Long bytes are cut in a trace, and what a filter passes from outside its memory is
// said to be so.
func TestTraceInput(t *testing.T) {
	long := bytes.Repeat([]byte{'x'}, maxTraced+1)
	for _, c := range []struct {
		name string
		data []byte
		size uint32
		want string
	}{
		{"key", []byte("a\"\x00"), 3, `"a\"\x00"`},
		{"key", nil, 0, `""`},
		{"key", nil, 7, "<7 bytes out of bounds>"},
		{"path", []byte("a\x00b\x00"), 4, `"a.b"`},
		{"pairs", abi.AppendPairs(nil, []abi.Pair{{Name: "a", Value: "1"}}), 18, `[a:"1"]`},
		{"pairs", []byte("\xff\xff\xff\xff"), 4, "[]"},
		{"body", long, uint32(len(long)), `"` + string(long[:maxTraced]) + `"…(1025 bytes)`},
	} {
		if got := traceInput(c.name, c.data, c.size); got != c.want {
			t.Errorf("%s %.20q: got %s, want %s", c.name, c.data, got, c.want)
		}
	}
}

// Signatures name a function's type in one form on both sides.
func TestSignatures(t *testing.T) {
	for name, call := range hostCalls {
		if got := call.signature(); len(got) < 3 || got[len(got)-3:] != "->i" {
			t.Errorf("%s has the signature %s: every host call returns a status", name, got)
		}
	}
	for _, c := range callbacks {
		if got := c.signature(); got[0] != 'i' {
			t.Errorf("%s has the signature %s: a context id comes first", c.name, got)
		}
	}
}
