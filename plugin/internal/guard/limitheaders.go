package guard

import (
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/llm"
)

// limitHeaders tell a caller how much is left of the tightest limit: under the
// names of the IETF draft (draft-ietf-httpapi-ratelimit-headers-10), under the
// ones that clients have read for years, and under those that the SDK of the
// called API reads.
func (r *Request) limitHeaders(edits []Edit, now time.Time) []Edit {
	if r.charged == nil {
		return edits
	}
	name, q := r.charged.Name, r.charged.Quota
	most := strconv.FormatInt(r.quota.Limit, 10)
	left := strconv.FormatInt(r.quota.Remaining, 10)
	seconds := limit.Seconds(r.quota.ResetAfter)
	reset := strconv.FormatInt(seconds, 10)
	window := strconv.FormatInt(limit.Seconds(burstWindow(q, r.quota.Limit)), 10)
	edits = append(edits,
		Edit{Name: "ratelimit-policy", Value: `"` + name + `";q=` + most + ";w=" + window},
		Edit{Name: "ratelimit", Value: `"` + name + `";r=` + left + ";t=" + reset},
		Edit{Name: "x-ratelimit-limit", Value: most},
		Edit{Name: "x-ratelimit-remaining", Value: left},
		Edit{Name: "x-ratelimit-reset", Value: reset},
	)
	switch r.api.Family() {
	case llm.OpenAI:
		edits = append(edits,
			Edit{Name: "x-ratelimit-limit-requests", Value: most},
			Edit{Name: "x-ratelimit-remaining-requests", Value: left},
			Edit{Name: "x-ratelimit-reset-requests", Value: reset + "s"})
	case llm.Anthropic:
		edits = append(edits,
			Edit{Name: "anthropic-ratelimit-requests-limit", Value: most},
			Edit{Name: "anthropic-ratelimit-requests-remaining", Value: left},
			Edit{Name: "anthropic-ratelimit-requests-reset", Value: rfc3339(now.Unix() + seconds)})
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

// rfc3339 writes Unix seconds as 2006-01-02T15:04:05Z. time.Format would bring
// 40 KB of layouts into the module.
func rfc3339(unix int64) string {
	y, m, d := time.Unix(unix, 0).UTC().Date()
	s := unix % 86400
	b := make([]byte, 0, len("2006-01-02T15:04:05Z"))
	b = append(strconv.AppendInt(b, int64(y), 10), '-')
	b = append(twoDigits(b, int64(m)), '-')
	b = append(twoDigits(b, int64(d)), 'T')
	b = append(twoDigits(b, s/3600), ':')
	b = append(twoDigits(b, s/60%60), ':')
	return string(append(twoDigits(b, s%60), 'Z'))
}

func twoDigits(b []byte, n int64) []byte {
	return append(b, byte('0'+n/10), byte('0'+n%10))
}
