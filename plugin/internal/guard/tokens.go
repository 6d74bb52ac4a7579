package guard

import (
	"slices"
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/limit"
)

// reserveTokens holds, of every token budget that applies, what the call may
// use: an estimate of its prompt and the longest answer it allows. All of them
// or none are charged. What was used in fact is settled at the end.
func (r *Request) reserveTokens(now time.Time) *refusal {
	g := r.g
	g.rules = g.rules[:0]
	for _, i := range g.order {
		rule := &g.cfg.Limits[i]
		if !rule.Tokens || !r.applies(rule) {
			continue
		}
		charge := limit.Charge{Key: r.limitKey(i, rule), Quota: rule.Quota, N: r.tokensAsked(rule)}
		if rule.Mode == config.Shadow {
			r.shadowTokens(rule, charge, now)
			continue
		}
		g.rules = append(g.rules, rule)
		r.reserved = append(r.reserved, charge)
	}
	if len(r.reserved) == 0 {
		return nil
	}
	allowed, err := g.limits.Reserve(r.reserved, now)
	g.countCorruptLimits()
	if err != nil {
		r.reserved = r.reserved[:0]
		return r.doubt(causeLimit)
	}
	return r.judgeTokens(allowed)
}

// estimate is the number of tokens of the prompt, every role included. Where it
// need not be near and nothing is charged by it, a quarter of the bytes will do:
// the real estimate was a tenth of the work on a whole request.
func (r *Request) estimate(near bool) int64 {
	if near || r.g.cfg.Usage == config.PublishUsage || r.hasTokenBudget() {
		return r.g.parsed.Tokens()
	}
	var bytes int
	for i := range r.g.parsed.Texts {
		bytes += len(r.g.parsed.Texts[i].Value)
	}
	return int64(bytes+3) / 4
}

// hasTokenBudget says whether a limit on tokens applies.
func (r *Request) hasTokenBudget() bool {
	return slices.ContainsFunc(r.g.cfg.Limits, func(l config.Limit) bool { return l.Tokens && r.applies(&l) })
}

// tokensAsked is what one call may use of a budget.
func (r *Request) tokensAsked(rule *config.Limit) int64 {
	completion := r.g.parsed.MaxTokens
	if completion <= 0 && r.api.Generates() {
		completion = rule.MaxCompletion
	}
	// A client can ask for any number; beyond every budget it is the same.
	return r.promptTokens + min(completion, 1<<40)
}

// judgeTokens keeps the tightest budget for the headers, and refuses with it.
func (r *Request) judgeTokens(allowed bool) *refusal {
	tightest := tightestOf(r.reserved)
	rule, result := r.g.rules[tightest], r.reserved[tightest].Result
	r.tokens, r.tokensOf = result, rule
	if allowed {
		return nil
	}
	asked := r.reserved[tightest].N
	r.reserved = r.reserved[:0] // nothing was charged
	r.audit.limit = rule.Name
	if result.TooLarge {
		return refuse(TooManyTokens, "the call may use "+strconv.FormatInt(asked, 10)+" tokens, and the limit "+rule.Name+" never allows more than "+
			strconv.FormatInt(result.Limit, 10)+" at once; shorten the prompt or ask for a shorter answer")
	}
	return limitRefusal(rule, result)
}

// shadowTokens charges a budget that is only watched, by the estimate.
func (r *Request) shadowTokens(rule *config.Limit, charge limit.Charge, now time.Time) {
	result, err := r.g.limits.Take(charge.Key, charge.Quota, charge.N, now)
	if err == nil && !result.Allowed {
		r.control(config.Shadow, limitRefusal(rule, result))
	}
}

// settleTokens corrects the reservations to what the call used.
func (r *Request) settleTokens(now time.Time) {
	if len(r.reserved) == 0 {
		return
	}
	if err := r.g.limits.Settle(r.reserved, r.used(), now); err != nil {
		r.g.undecidable(causeLimit)
	}
	r.reserved = r.reserved[:0]
}

// used is what the call is charged: what the answer tells, or for an answer
// that does not, was cut off or left by the client, what we counted of it. An
// error of the upstream costs nothing.
func (r *Request) used() int64 {
	switch {
	case !r.sent || r.phase == phaseAnswered || r.status >= 400:
		return 0
	case r.usage == nil: // or the client left before an answer came
		return r.promptTokens
	}
	u := r.usage.Result()
	if u.Exact {
		return u.Input + u.Output
	}
	return max(u.Input, r.promptTokens) + u.Output
}
