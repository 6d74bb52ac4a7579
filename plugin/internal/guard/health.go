package guard

import (
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// Version is the filter's version, set at link time.
var Version = "dev"

// health writes the state of this filter: one word for everyone, the details
// for a master key.
func (g *Guard) health(details bool, now time.Time) []byte {
	b := []byte(`{"status":"ok"`)
	if !details {
		return append(b, '}')
	}
	b = appendField(b, `,"version":`, Version)
	b = appendField(b, `,"policy":`, g.cfg.Hash)
	b = appendNumber(b, `,"uptime_seconds":`, int64(since(g.started, now)/time.Second))
	b = appendNumber(b, `,"memory_bytes":`, g.host.Memory())
	b = appendNumber(b, `,"keys":`, int64(g.cfg.Auth.Ring.Len()))
	b = appendNumber(b, `,"panics":`, int64(g.metrics.Get(metric.Panics, "")))
	b = append(b, `,"breakers":[`...)
	for i := range g.cfg.Breakers {
		if i > 0 {
			b = append(b, ',')
		}
		b = g.appendBreaker(b, i, now)
	}
	b = append(b, ']')
	if g.cache != nil {
		answers, bytes := g.cache.Usage()
		b = appendNumber(b, `,"cache":{"answers":`, int64(answers))
		b = appendNumber(b, `,"bytes":`, int64(bytes))
		b = append(b, '}')
	}
	return append(b, '}')
}

func (g *Guard) appendBreaker(b []byte, i int, now time.Time) []byte {
	b = appendField(b, `{"cluster":`, g.cfg.Breakers[i].Cluster)
	status, err := g.breakers[i].Peek(now)
	if err != nil {
		return append(b, `,"state":"unknown"}`...)
	}
	b = appendField(b, `,"state":`, status.State.String())
	if status.Override != breaker.Automatic {
		b = append(b, `,"ordered":true`...)
	}
	if status.RetryAfter > 0 {
		b = appendNumber(b, `,"retry_after_seconds":`, int64((status.RetryAfter+time.Second-1)/time.Second))
	}
	b = appendNumber(b, `,"consecutive_failures":`, int64(status.Consecutive))
	b = appendNumber(b, `,"calls":`, int64(status.Calls))
	b = appendNumber(b, `,"failures":`, int64(status.Failures))
	b = appendNumber(b, `,"slow":`, int64(status.Slow))
	return append(b, '}')
}

func appendNumber(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(b, key...), n, 10)
}
