package guard

import (
	"strconv"
	"strings"
	"time"

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
	r.events = strings.HasPrefix(h.get("content-type"), "text/event-stream")
}

// listen takes the next piece of the answer, and notes when a stream first spoke.
func (r *Request) listen(piece []byte, now time.Time) {
	r.usage.Write(piece)
	if r.events && r.spoke == 0 && r.usage.Spoke() {
		r.spoke = now.UnixNano()
	}
}

// timeStream records how fast a stream was: when its first text came, and how
// long a token took after it. A stream that was cut counts as far as it went.
func (r *Request) timeStream(output int64, now time.Time) {
	if r.spoke == 0 {
		return
	}
	r.g.metrics.Observe(metric.FirstToken, time.Duration(r.spoke-r.started))
	if output > 1 {
		r.g.metrics.Observe(metric.OutputToken, since(r.spoke, now)/time.Duration(output-1))
	}
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
func (r *Request) countUsage(now time.Time) {
	if r.usage == nil {
		if r.tokensOf != nil || r.published { // no answer was seen: what is charged is the estimate
			r.audit.input = r.used()
			r.g.metrics.Add(metric.Tokens, "input", r.audit.input)
		}
		return
	}
	u := r.usage.Result()
	r.audit.input, r.audit.output = max(u.Input, r.promptTokens), u.Output
	if u.Exact {
		r.audit.input = u.Input
	}
	r.g.metrics.Add(metric.Tokens, "input", r.audit.input)
	r.g.metrics.Add(metric.Tokens, "output", r.audit.output)
	r.timeStream(u.Output, now)
	r.g.readers = append(r.g.readers, r.usage)
	r.usage = nil
}
