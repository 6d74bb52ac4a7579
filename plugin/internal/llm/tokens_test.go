package llm

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestTokens compares the estimate with the counts of o200k_base in
// testdata/tokens.txt: language, count, text. -v prints the table.
func TestTokens(t *testing.T) {
	data, err := os.ReadFile("testdata/tokens.txt")
	if err != nil {
		t.Fatal(err)
	}
	documented, err := os.ReadFile("../../../envoy/LIMITS.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) < 30 {
		t.Fatalf("only %d samples", len(lines))
	}
	var sum, wantSum int64
	for _, line := range lines {
		lang, rest, _ := strings.Cut(line, "\t")
		count, text, _ := strings.Cut(rest, "\t")
		want, err := strconv.ParseInt(count, 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		text = strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(text)
		got := Tokens([]byte(text))
		off := 100 * float64(got-want) / float64(want)
		sum, wantSum = sum+got, wantSum+want
		t.Logf("%-10s %4d tokens, estimated %4d, off by %+5.1f %%", lang, want, got, off)
		if row := fmt.Sprintf("| %s | %d | %d | %+.1f %% |\n", lang, want, got, off); !strings.Contains(string(documented), row) {
			t.Errorf("envoy/LIMITS.md lacks %s", row)
		}
		if off < -25 || off > 25 {
			t.Errorf("%s: estimated %d, want %d within 25 %%", lang, got, want)
		}
	}
	if off := 100 * float64(sum-wantSum) / float64(wantSum); off < -5 || off > 10 {
		t.Errorf("all together off by %+.1f %%", off)
	}
}

func TestTokensBounds(t *testing.T) {
	if got := Tokens(nil); got != 0 {
		t.Errorf("nothing has %d tokens", got)
	}
	// No weight makes a byte cost more than four tokens, whatever stands before
	// it, and none but white space is free for ever.
	for before := range numClasses {
		for k := range numClasses {
			if w := weights[before][k]; w > 4*parts {
				t.Errorf("class %d after %d: %d parts", k, before, w)
			}
		}
	}
	for c := range 256 {
		if k := classes[c]; k != inside && k != newline && Tokens([]byte(strings.Repeat(string([]byte{byte(c)}), 100))) < 4 {
			t.Errorf("a hundred bytes %#x are free", c)
		}
	}
}

// TestTokensSplits checks that the estimate does not depend on how a text is cut.
func TestTokensSplits(t *testing.T) {
	data, err := os.ReadFile("testdata/tokens.txt")
	if err != nil {
		t.Fatal(err)
	}
	want, rng := Tokens(data), rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var e estimator
		for rest := data; len(rest) > 0; {
			n := min(1+rng.IntN(40), len(rest))
			e.add(rest[:n])
			rest = rest[n:]
		}
		if got := e.count(); got != want {
			t.Fatalf("in pieces %d, whole %d", got, want)
		}
	}
}

func TestRequestTokens(t *testing.T) {
	req, base := new(Request), `{"messages":[{"role":"user","content":"Tell me a story about a fox."}`
	var last int64
	for _, more := range []string{"]}", `,{"role":"user","content":"A short one."}]}`, `,{"role":"user","content":"A short one."}],"tools":[{"description":"Draws a fox."}]}`,
		`,{"role":"user","content":[{"type":"text","text":"A short one."},{"type":"image_url","image_url":{"url":"https://x/fox"}}]}],"tools":[{"description":"Draws a fox."}]}`} {
		if err := Parse(OpenAIChat, "", []byte(base+more), Limits{}, req); err != nil {
			t.Fatal(err)
		}
		if got := req.Tokens(); got <= last {
			t.Errorf("%s costs %d, not more than %d", more, got, last)
		} else {
			last = got
		}
	}
	if last < tokensPerMedium+20 || last > tokensPerMedium+60 {
		t.Errorf("all together %d", last)
	}
}

func BenchmarkTokens(b *testing.B) {
	text := []byte(strings.Repeat(english, 80))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if Tokens(text) == 0 {
			b.Fatal("no tokens")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(text)), "ns/byte")
}
