package guard

import (
	"strings"
	"testing"
)

// hidden is a text with a zero-width space, a bidi override and a tag character.
const hidden = "What is\u200b the\u202e capital\U000e0041?"

func TestSanitiseChangesTheTextAndNothingElse(t *testing.T) {
	g, _ := newGuard(t, policyWith(`,"inspection":{"roles":{"user":"sanitise"}}`))
	c := chat("k-alice", "x")
	c.body = `{ "model":"gpt-4o",  "messages":[{"role":"system","content":"` + hidden + `"},{"role":"user","content":"\u0057hat` + hidden[4:] + `"}], "seed":1e2}`
	c.run(t, g)
	want := strings.Replace(c.body, `"\u0057hat`+hidden[4:]+`"`, `"\u0057hat is the capital?"`, 1)
	if string(c.sentBody) != want {
		t.Errorf("upstream got\n%s, want\n%s", c.sentBody, want)
	}
	if _, found := c.upstreamHeaders()["content-length"]; found || c.audit["sanitised"] == nil {
		t.Errorf("headers %v, audit %v", c.upstreamHeaders(), c.audit)
	}
}

func TestNothingToSanitiseLeavesTheBodyAlone(t *testing.T) {
	for _, policy := range []string{`,"inspection":{"roles":{"user":"sanitise"}}`, `,"mode":"shadow","inspection":{"roles":{"user":"sanitise"}}`} {
		g, _ := newGuard(t, policyWith(policy))
		text := "What is the capital of France? 👩‍👩‍👧"
		if strings.Contains(policy, "shadow") {
			text = hidden
		}
		if c := chat("k-alice", text).run(t, g); c.sentBody != nil || !c.sent {
			t.Errorf("%s: the body was replaced by %s", policy, c.sentBody)
		}
	}
}

func TestAHitInARoleThatIsSanitisedIsFlagged(t *testing.T) {
	g, _ := newGuard(t, policyWith(`,"inspection":{"roles":{"user":"sanitise"}}`))
	c := chat("k-alice", attack).run(t, g)
	if !c.sent || c.upstreamHeaders()[internal+"flag"] == "" || c.audit["flagged"] != true {
		t.Errorf("sent %v, headers %v, audit %v", c.sent, c.upstreamHeaders(), c.audit)
	}
}
