package guard

import (
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/rfc3339"
)

// limitHeaders tell a caller how much is left of the tightest limit: under the
// names of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10), under the
// ones that clients have read for years, and under those that the SDK of the
// called API reads.
func (r *Request) limitHeaders(edits []Edit, now time.Time) []Edit {
	if rule, result := r.headline(); rule != nil {
		edits = appendDraft(edits, rule, result)
	}
	if r.quotaOf != nil {
		edits = r.appendProvider(edits, &requestNames, &r.quota, now)
	}
	if r.tokensOf != nil {
		edits = r.appendProvider(edits, &tokenNames, &r.tokens, now)
	}
	return edits
}

// headline is the limit for headers that have room for one: that on requests,
// unless tokens are what ran out.
func (r *Request) headline() (*config.Limit, *limit.Result) {
	if r.quotaOf == nil || r.tokensOf != nil && !r.tokens.Allowed {
		return r.tokensOf, &r.tokens
	}
	return r.quotaOf, &r.quota
}

func appendDraft(edits []Edit, rule *config.Limit, result *limit.Result) []Edit {
	most := strconv.FormatInt(result.Limit, 10)
	left := strconv.FormatInt(result.Remaining, 10)
	reset := strconv.FormatInt(limit.Seconds(result.ResetAfter), 10)
	window := strconv.FormatInt(limit.Seconds(burstWindow(rule.Quota, result.Limit)), 10)
	return append(edits,
		Edit{Name: "ratelimit-policy", Value: `"` + rule.Name + `";q=` + most + ";w=" + window},
		Edit{Name: "ratelimit", Value: `"` + rule.Name + `";r=` + left + ";t=" + reset},
		Edit{Name: "x-ratelimit-limit", Value: most},
		Edit{Name: "x-ratelimit-remaining", Value: left},
		Edit{Name: "x-ratelimit-reset", Value: reset},
	)
}

// providerNames are what providers call the headers for a limit, what is left of
// it, and when all of it is back.
type providerNames struct{ openAI, anthropic [3]string }

var (
	requestNames = providerNames{
		[3]string{"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
		[3]string{"anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"},
	}
	tokenNames = providerNames{
		[3]string{"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"},
		[3]string{"anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"},
	}
)

// appendProvider writes a limit as the called API names it.
func (r *Request) appendProvider(edits []Edit, names *providerNames, result *limit.Result, now time.Time) []Edit {
	most := strconv.FormatInt(result.Limit, 10)
	left := strconv.FormatInt(result.Remaining, 10)
	seconds := limit.Seconds(result.ResetAfter)
	switch r.api.Family() {
	case llm.OpenAI:
		return append(edits,
			Edit{Name: names.openAI[0], Value: most},
			Edit{Name: names.openAI[1], Value: left},
			Edit{Name: names.openAI[2], Value: strconv.FormatInt(seconds, 10) + "s"})
	case llm.Anthropic:
		return append(edits,
			Edit{Name: names.anthropic[0], Value: most},
			Edit{Name: names.anthropic[1], Value: left},
			Edit{Name: names.anthropic[2], Value: rfc3339.Format(now.Unix() + seconds)})
	}
	return edits
}

// burstWindow is the time in which a whole burst is earned: what the draft
// calls the window of a quota of that size.
func burstWindow(q limit.Quota, burst int64) time.Duration {
	return time.Duration(float64(q.Period) / float64(q.Count) * float64(burst))
}

// period writes a duration without the parts that are zero: 1m, not 1m0s.
func period(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
