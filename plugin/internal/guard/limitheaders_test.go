package guard

import (
	"testing"
	"time"
)

func TestPeriod(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Minute: "1m", time.Hour: "1h", 24 * time.Hour: "24h", 90 * time.Second: "1m30s", 10 * time.Second: "10s", 90 * time.Minute: "1h30m", time.Hour + 10*time.Second: "1h0m10s",
	} {
		if got := period(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestLimitHeadersUnderEveryName(t *testing.T) {
	g, _ := newGuard(t, policyWith(`,"limits":[{"name":"per-caller","requests":"60/1m","burst":20}]`))
	openai := chat("k-alice", "hi").run(t, g)
	anthropic := chat("k-alice", "hi")
	anthropic.headers = Apply(anthropic.headers, []Edit{{Name: ":path", Value: "/v1/messages"}})
	anthropic.run(t, g)
	for name, want := range map[string]string{
		"ratelimit-policy":               `"per-caller";q=20;w=20`,
		"ratelimit":                      `"per-caller";r=19;t=1`,
		"x-ratelimit-remaining-requests": "19",
		"x-ratelimit-reset-requests":     "1s",
	} {
		if got := openai.answer[name]; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got, want := anthropic.answer["anthropic-ratelimit-requests-reset"], "2027-01-15T08:00:02Z"; got != want {
		t.Errorf("reset %q, want %q", got, want)
	}
}
