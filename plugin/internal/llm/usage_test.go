package llm

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recording is an answer as it was sent.
type recording struct{ name, contentType, body string }

func (r recording) read(cuts ...int) Usage {
	u := new(UsageReader)
	u.Reset(r.contentType)
	at := 0
	for _, c := range cuts {
		_, _ = u.Write([]byte(r.body[at:c]))
		at = c
	}
	_, _ = u.Write([]byte(r.body[at:]))
	return u.Result()
}

func (u Usage) String() string {
	return fmt.Sprintf("input %d, output %d, exact %v, complete %v, finish %q", u.Input, u.Output, u.Exact, u.Complete, u.Finish)
}

// recordings reads testdata/usage: a line "=== name | content type", the answer,
// "-- want --" and what is found. Each is there with LF, CR and CRLF.
func recordings(t testing.TB, keep func(file string, head string, r recording, want string)) []recording {
	t.Helper()
	files, err := filepath.Glob("testdata/usage/*.txt")
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	var all []recording
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range strings.Split("\n"+string(data), "\n=== ")[1:] {
			head, rest, _ := strings.Cut(c, "\n")
			body, want, _ := strings.Cut(rest, "\n-- want --\n")
			name, contentType, ok := strings.Cut(head, " |")
			if !ok {
				t.Fatalf("%s: no content type in %q", file, head)
			}
			r := recording{name, strings.TrimSpace(contentType), body}
			all = append(all, r)
			if keep != nil {
				keep(file, head, r, strings.TrimSpace(want))
			}
		}
	}
	return append(all, frameRecordings()...)
}

func TestUsageGolden(t *testing.T) {
	out := map[string]string{}
	recordings(t, func(file, head string, r recording, want string) {
		got := r.read().String()
		out[file] += "=== " + head + "\n" + r.body + "\n-- want --\n" + got + "\n\n"
		if got != want && !*update {
			t.Errorf("%s: %s\ngot  %s\nwant %s", file, head, got, want)
		}
	})
	for file, text := range out {
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// frame packs a payload as a message of AWS's event stream.
func frame(kind, payload string) string { return frameOf("chunk", kind, payload) }

func frameOf(event, kind, payload string) string {
	header := func(name, value string) string {
		return string(rune(len(name))) + name + "\x07" + string(binary.BigEndian.AppendUint16(nil, uint16(len(value)))) + value
	}
	heads := header(":event-type", event) + header(":content-type", "application/json") + header(":message-type", kind)
	b := binary.BigEndian.AppendUint32(nil, uint32(16+len(heads)+len(payload)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(heads)))
	return string(b) + "crc1" + heads + payload + "crc2"
}

func chunk(json string) string {
	return frame("event", `{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(json))+`","p":"abcdefg"}`)
}

func frameRecordings() []recording {
	const kind = "application/vnd.amazon.eventstream"
	converse := frame("event", `{"p":"ab","role":"assistant"}`) + frame("event", `{"contentBlockIndex":0,"delta":{"text":"Hello there"},"p":"abc"}`) +
		frame("event", `{"p":"a","stopReason":"end_turn"}`)
	metadata := frameOf("metadata", "event", `{"metrics":{"latencyMs":772},"usage":{"inputTokens":11,"outputTokens":22,"totalTokens":33}}`)
	invoke := chunk(`{"type":"message_start","message":{"usage":{"input_tokens":12,"output_tokens":1}}}`) +
		chunk(`{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hé"}}`) +
		chunk(`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":6}}`)
	stop := chunk(`{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":12,"outputTokenCount":7}}`)
	return []recording{
		{"converse", kind, converse + metadata},
		{"converse, cut before its usage", kind, converse},
		{"converse, cut in a message", kind, (converse + metadata)[:len(converse)+len(metadata)-1]},
		{"converse, an exception", kind, converse + metadata + frame("exception", `{"message":"slow down"}`)},
		{"invoke", kind, invoke + stop},
		{"invoke, cut off", kind, invoke},
		{"titan", kind, chunk(`{"outputText":"It is","index":0,"inputTextTokenCount":5}`) +
			chunk(`{"outputText":" blue.","totalOutputTextTokenCount":9,"completionReason":"FINISH","inputTextTokenCount":5,"amazon-bedrock-invocationMetrics":{"inputTokenCount":5,"outputTokenCount":9}}`)},
		{"bytes in bytes", kind, chunk(`{"bytes":"eyJ0eXBlIjoibWVzc2FnZV9zdG9wIn0="}`)},
		{"long headers", kind, "\x00\x00\x02\x00\x00\x00\x01\x80crc1" + strings.Repeat("\x00", 0x180) + strings.Repeat(" ", 0x200-0x180-16) + "crc2" + metadata},
		{"not a frame", kind, `{"usage":{"inputTokens":11}}` + strings.Repeat("x", 100)},
		{"lengths that contradict", kind, "\x00\x00\x00\x10\x00\x00\x00\x10crc1crc2" + metadata},
		{"too long", kind, "\x7f\xff\xff\xff\x00\x00\x00\x10crc1crc2" + metadata},
	}
}

func TestUsageFrames(t *testing.T) {
	want := []string{
		`input 11, output 22, exact true, complete true, finish "end_turn"`,
		`input 0, output 3, exact false, complete false, finish "end_turn"`,
		`input 11, output 22, exact false, complete false, finish "end_turn"`,
		`input 11, output 22, exact false, complete false, finish "end_turn"`,
		`input 12, output 7, exact true, complete true, finish "end_turn"`,
		`input 12, output 6, exact false, complete false, finish "end_turn"`,
		`input 5, output 9, exact true, complete true, finish "FINISH"`,
		`input 0, output 0, exact false, complete false, finish ""`,
		`input 11, output 22, exact true, complete true, finish ""`,
		`input 0, output 0, exact false, complete false, finish ""`,
		`input 0, output 0, exact false, complete false, finish ""`,
		`input 0, output 0, exact false, complete false, finish ""`,
	}
	for i, r := range frameRecordings() {
		if got := r.read().String(); got != want[i] {
			t.Errorf("%s\ngot  %s\nwant %s", r.name, got, want[i])
		}
	}
}

// TestUsageSplits reads every recording cut in two at every place, byte by byte
// and in random pieces, with each kind of line end: the result never changes.
func TestUsageSplits(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, r := range recordings(t, nil) {
		want := r.read()
		for _, newline := range []string{"\n", "\r\n", "\r"} {
			r := r
			if strings.HasPrefix(r.contentType, "text/event-stream") {
				r.body = strings.ReplaceAll(r.body, "\n", newline)
			}
			every := make([]int, len(r.body))
			for i := range r.body {
				every[i] = i
				if got := r.read(i); got != want {
					t.Fatalf("%s with %q, cut at %d\ngot  %v\nwant %v", r.name, newline, i, got, want)
				}
			}
			if got := r.read(every...); got != want {
				t.Fatalf("%s with %q, byte by byte\ngot  %v\nwant %v", r.name, newline, got, want)
			}
			for range 20 {
				var cuts []int
				for i := range r.body {
					if rng.IntN(9) == 0 {
						cuts = append(cuts, i)
					}
				}
				if got := r.read(cuts...); got != want {
					t.Fatalf("%s with %q, cut at %v\ngot  %v\nwant %v", r.name, newline, cuts, got, want)
				}
			}
		}
	}
}

// TestUsageReaderKeepsNothing checks that a reader allocates nothing for what
// passes by, and starts afresh after Reset.
func TestUsageReaderKeepsNothing(t *testing.T) {
	u := new(UsageReader)
	for _, r := range recordings(t, nil) {
		body := []byte(r.body)
		if n := testing.AllocsPerRun(5, func() { u.Reset(r.contentType); _, _ = u.Write(body) }); n > 0 {
			t.Errorf("%s: %v allocations", r.name, n)
		}
		if got, want := u.Result(), r.read(); got != want {
			t.Errorf("%s in a used reader: %v, want %v", r.name, got, want)
		}
	}
}

// FuzzUsage checks that no answer and no way of cutting it breaks the reader,
// and that the result does not depend on the cut.
func FuzzUsage(f *testing.F) {
	for i, r := range recordings(f, nil) {
		f.Add(r.contentType, []byte(r.body), i*7)
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte, cut int) {
		r := recording{"fuzz", kind, string(body)}
		want := r.read()
		if want.Input < 0 || want.Output < 0 || len(want.Finish) > maxFinish || (want.Exact && !want.Complete) {
			t.Fatalf("%v for %q", want, body)
		}
		if len(body) > 0 {
			cut = int(uint(cut) % uint(len(body)))
			if got := r.read(cut, min(cut+1, len(body))); got != want {
				t.Fatalf("cut at %d\ngot  %v\nwant %v\n%q", cut, got, want, body)
			}
		}
	})
}

func TestLineEnd(t *testing.T) {
	for at := range 20 {
		for _, end := range []string{"\n", "\r", "\r\n"} {
			if got := lineEnd([]byte("\t\x00é data: 12345678"[:at] + end + "more\n")); got != at {
				t.Errorf("%q at %d is found at %d", end, at, got)
			}
		}
	}
	if got := lineEnd([]byte("no\tend\x01 here, however long it is")); got != -1 {
		t.Errorf("an end is found at %d", got)
	}
}

func BenchmarkUsage(b *testing.B) {
	for _, r := range recordings(b, nil) {
		switch r.name {
		case "openai chat", "openai chat with usage", "anthropic", "invoke":
			kind, _, _ := strings.Cut(r.contentType, ";")
			b.Run(strings.ReplaceAll(r.name, " ", "-")+"-"+filepath.Base(kind), func(b *testing.B) {
				body, u := []byte(r.body), new(UsageReader)
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					u.Reset(r.contentType)
					_, _ = u.Write(body)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(body)), "ns/byte")
			})
		}
	}
}
