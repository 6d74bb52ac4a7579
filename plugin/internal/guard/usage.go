package guard

import (
	"strconv"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// readsUsage says whether the answer tells how many tokens the call used.
func (r *Request) readsUsage() bool {
	return r.g.cfg.Usage != config.NoUsage && r.api != llm.None && r.api != llm.Other
}

// watch gets ready to read the usage of an answer that is coming.
func (r *Request) watch(h fields) {
	if !r.readsUsage() || r.status >= 400 || h.get("content-encoding") != "" {
		return
	}
	g := r.g
	if n := len(g.readers); n > 0 {
		r.usage, g.readers = g.readers[n-1], g.readers[:n-1]
	} else {
		r.usage = new(llm.UsageReader)
	}
	r.usage.Reset(h.get("content-type"))
}

// Watching says that ResponseBody wants to see the pieces of the answer.
func (r *Request) Watching() bool { return r.usage != nil || r.captures() }

// publishEstimate sets the filter state with what the call may use, for a rate
// limit that is charged before the answer.
func (r *Request) publishEstimate() {
	if r.g.cfg.Usage == config.PublishUsage && r.readsUsage() {
		most := r.promptTokens + max(r.g.parsed.MaxTokens, 0)
		r.stream.Publish("estimate", strconv.AppendInt(nil, most, 10))
	}
}

// publishTokens sets the filter state with what the call used, 0 for one that
// used nothing, for a rate limit that is charged when the stream is done.
func (r *Request) publishTokens() {
	if r.published || r.g.cfg.Usage != config.PublishUsage || !r.readsUsage() {
		return
	}
	r.published = true
	r.stream.Publish("tokens", strconv.AppendInt(nil, r.used(), 10))
}

// countUsage adds the call's tokens to the metrics and gives the reader back.
func (r *Request) countUsage() {
	if r.usage == nil {
		return
	}
	u := r.usage.Result()
	r.audit.input, r.audit.output = max(u.Input, r.promptTokens), u.Output
	if u.Exact {
		r.audit.input = u.Input
	}
	r.g.metrics.Add(metric.Tokens, "input", r.audit.input)
	r.g.metrics.Add(metric.Tokens, "output", r.audit.output)
	r.g.readers = append(r.g.readers, r.usage)
	r.usage = nil
}
