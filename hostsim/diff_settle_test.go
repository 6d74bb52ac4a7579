package hostsim_test

import (
	"strings"
	"sync"
	"time"
)

// settleTime is how long a host may take to act on a step, and quiet how long it must
// be still to be done.
const (
	settleTime = 300 * time.Millisecond
	quiet      = 4 * time.Millisecond
)

// settler returns a function that waits until size has grown since the last call and
// stands still.
func settler(size func() int, slack factor) func() {
	var mu sync.Mutex
	last := size()
	return func() {
		mu.Lock()
		defer mu.Unlock()
		start, changed, now := time.Now(), time.Now(), last
		for time.Since(start) < slack.times(settleTime) && (now == last || time.Since(changed) < slack.times(quiet)) {
			time.Sleep(time.Millisecond)
			if n := size(); n != now {
				now, changed = n, time.Now()
			}
		}
		last = now
	}
}

// untilOver waits until every stream of a case has ended and nothing more happens: each
// HTTP stream has its line in the access log, each context is deleted unless its VM
// failed.
func (c *diffCase) untilOver(transcript, access func() string, slack factor) {
	last, since := "", time.Now()
	for start := time.Now(); time.Since(start) < slack.times(time.Second); time.Sleep(2 * time.Millisecond) {
		text := transcript()
		if now := text + access(); now != last {
			last, since = now, time.Now()
		}
		made, gone := strings.Count(text, "context_create(s"), strings.Count(text, "delete(s")
		if c.options.tcp {
			if made > 0 && made == gone {
				return
			}
			continue
		}
		still := 2 * quiet
		if made != gone { // a VM failed, or the filter is not the probe
			still = 50 * time.Millisecond
		}
		if strings.Count(access(), "\n") >= max(made, 1) && time.Since(since) > slack.times(still) {
			return
		}
	}
}
