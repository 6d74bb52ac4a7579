package llm

import (
	"strconv"
	"strings"
	"testing"
)

const english = "Please read the report that I attached and tell me, in plain words, which of the three plans costs least over five years. "

// bodies are requests whose costs differ: what the time goes to is in the name.
var bodies = []struct{ name, body string }{
	{"english-1KB", chatOf(english, 1000)},
	{"english-10KB", chatOf(english, 10000)},
	{"english-1MB", chatOf(english, 1000000)},
	{"chinese-10KB", chatOf("请阅读我附上的报告，并用通俗的话告诉我哪个方案最便宜。", 10000)},
	{"escapes-10KB", chatOf(`line one\nline \"two\"\n\tcode := \u0027x\u0027;`, 10000)},
	{"history-10KB", `{"model":"gpt-4o","messages":[` + strings.Repeat(
		`{"role":"user","content":"And what about the second one?"},{"role":"assistant","content":[{"type":"text","text":"It costs more."}]},`, 80) +
		`{"role":"user","content":"Thanks"}]}`},
	{"tools-10KB", `{"model":"gpt-4o","messages":[{"role":"user","content":"Go"}],"tools":[` + strings.TrimSuffix(strings.Repeat(
		`{"type":"function","function":{"name":"read_file","description":"Reads a file from the disk and returns it.","parameters":{"type":"object","properties":{"path":{"type":"string","description":"Where the file is."}},"required":["path"]}}},`, 45), ",") + `]}`},
	{"picture-1MB", `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0K` +
		strings.Repeat("abcdEFGH1234+/+/", 62500) + `"}}]}]}`},
}

func chatOf(sentence string, size int) string {
	return `{"model":"gpt-4o","stream":false,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"` +
		strings.Repeat(sentence, size/len(sentence)+1) + `"}]}`
}

func BenchmarkParse(b *testing.B) {
	for _, c := range bodies {
		b.Run(c.name, func(b *testing.B) {
			body, req := []byte(c.body), new(Request)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := Parse(OpenAIChat, "application/json", body, Limits{}, req); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(body)), "ns/byte")
		})
	}
}

// BenchmarkPath takes the path of the last of many texts.
func BenchmarkPath(b *testing.B) {
	req := new(Request)
	if err := Parse(OpenAIChat, "", []byte(chatOf(english, 10000)), Limits{}, req); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if p := req.Texts[1].Path.String(); p != "messages[1].content" {
			b.Fatal(strconv.Quote(p))
		}
	}
}

func BenchmarkRewrite(b *testing.B) {
	body, req := []byte(chatOf(english, 10000)), new(Request)
	if err := Parse(OpenAIChat, "", body, Limits{}, req); err != nil {
		b.Fatal(err)
	}
	value := []byte(strings.ReplaceAll(string(req.Texts[1].Value), ",", ""))
	edits, out := []Edit{{req.Texts[1], value}}, []byte(nil)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var err error
		if out, err = Rewrite(out[:0], body, edits); err != nil {
			b.Fatal(err)
		}
	}
}
