package guard

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sparkward/sparkward/plugin/internal/llm"
)

func FuzzAppendString(f *testing.F) {
	f.Add("plain")
	f.Add("\"\\\n\x00\x7f\xff\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); utf8.ValidString(s) && got != want {
			t.Errorf("%q came back as %q", s, got)
		}
	})
}

// Every reason must give valid JSON in every API's shape, with a status.
func TestEveryRefusalIsJSONInEveryShape(t *testing.T) {
	for _, c := range classes {
		reason, class := c.reason, c.class
		for _, family := range []llm.Family{llm.OpenAI, llm.Anthropic, llm.Gemini, llm.Bedrock, llm.Generic} {
			reply := refuse(reason, `say "this"`).reply(family, "id-1")
			var body map[string]any
			if err := json.Unmarshal(reply.Body, &body); err != nil {
				t.Errorf("%s: %v: %s", reason, err, reply.Body)
			}
			if reply.Status < 400 || reply.Status != class.status {
				t.Errorf("%s: status %d", reason, reply.Status)
			}
			if !strings.Contains(string(reply.Body), string(reason)) {
				t.Errorf("%s is not in %s", reason, reply.Body)
			}
		}
	}
}

func TestReasonsAreInOrderAndHaveAClass(t *testing.T) {
	names := Reasons()
	if !slices.IsSorted(names) || len(slices.Compact(names)) != len(classes) {
		t.Errorf("reasons %v are not sorted, or one is there twice", names)
	}
	for _, c := range classes {
		if c.reason != Undecided && classOf(c.reason) == failed {
			t.Errorf("%s has no class", c.reason)
		}
	}
}
