package guard

import (
	"slices"
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// takeLimits charges the request to the limits that apply to it: to all that
// are enforced or to none of them, and to each in shadow mode by itself.
func (r *Request) takeLimits(now time.Time) *refusal {
	g := r.g
	g.charges, g.rules = g.charges[:0], g.rules[:0]
	for _, i := range g.order {
		rule := &g.cfg.Limits[i]
		switch {
		case rule.Tokens || !r.applies(rule):
		case rule.Mode == config.Shadow:
			r.shadowLimit(i, rule, now)
		default:
			g.charges = append(g.charges, limit.Charge{Key: r.limitKey(i, rule), Quota: rule.Quota, N: 1})
			g.rules = append(g.rules, rule)
		}
	}
	if len(g.charges) == 0 {
		return nil
	}
	allowed, err := g.limits.TakeAll(g.charges, now)
	g.countCorruptLimits()
	if err != nil {
		return r.doubt(causeLimit)
	}
	return r.judgeLimits(allowed)
}

// judgeLimits keeps the result that leaves the caller least for the headers,
// and refuses with the limit that asks for the longest wait.
func (r *Request) judgeLimits(allowed bool) *refusal {
	tightest := tightestOf(r.g.charges)
	r.quota, r.quotaOf = r.g.charges[tightest].Result, r.g.rules[tightest]
	if allowed {
		return nil
	}
	r.audit.limit = r.quotaOf.Name
	return limitRefusal(r.quotaOf, r.quota)
}

// tightestOf returns the index of the charge that leaves the caller least.
func tightestOf(charges []limit.Charge) int {
	tightest := 0
	for i := range charges {
		a, b := &charges[i].Result, &charges[tightest].Result
		if a.RetryAfter > b.RetryAfter || a.RetryAfter == b.RetryAfter && a.Remaining < b.Remaining {
			tightest = i
		}
	}
	return tightest
}

// shadowLimit charges a limit that is only watched.
func (r *Request) shadowLimit(index int, rule *config.Limit, now time.Time) {
	result, err := r.g.limits.Take(r.limitKey(index, rule), rule.Quota, 1, now)
	if err == nil && !result.Allowed {
		r.control(config.Shadow, limitRefusal(rule, result))
	}
}

// countCorruptLimits counts the damaged values the table has met since last asked.
func (g *Guard) countCorruptLimits() {
	n := g.limits.Corrupt()
	g.metrics.Add(metric.Corrupt, "limit", int64(n-g.corruptLimits))
	g.corruptLimits = n
}

// applies says whether a limit counts this request. Master keys pass every
// limit by caller.
func (r *Request) applies(rule *config.Limit) bool {
	if rule.Mode == config.Off || r.key != nil && r.key.Master && rule.By != config.ByGlobal {
		return false
	}
	if rule.By == config.ByUser && r.user == "" {
		return false
	}
	if len(rule.Classes) > 0 && (r.key == nil || !slices.Contains(rule.Classes, r.key.Class)) {
		return false
	}
	return len(rule.Paths) == 0 || slices.ContainsFunc(rule.Paths, func(p config.Pattern) bool { return p.Match(r.path) })
}

// limitKey names the budget of this caller under one limit. The limits of one
// caller share a bucket of the table and are charged in one step.
func (r *Request) limitKey(index int, rule *config.Limit) limit.Key {
	key := func() limit.Key {
		switch {
		case rule.By == config.ByGlobal:
			return limit.KeyOf(r.g.seed, "global")
		case rule.By == config.ByAddress || r.user == "":
			return limit.KeyOf(r.g.seed, "address", r.address)
		}
		return limit.KeyOf(r.g.seed, "user", r.user)
	}()
	return key.With(r.g.windows[index])
}

func limitRefusal(rule *config.Limit, result limit.Result) *refusal {
	wait := strconv.FormatInt(limit.Seconds(result.RetryAfter), 10)
	unit := " requests in "
	if rule.Tokens {
		unit = " tokens in "
	}
	f := refuse(RateLimited, "the limit "+rule.Name+" of "+strconv.FormatInt(rule.Quota.Count, 10)+unit+
		period(rule.Quota.Period)+" is used up; try again in "+wait+" s")
	f.headers = [][2]string{{"retry-after", wait}}
	return f
}
