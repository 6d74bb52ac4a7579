package hostsim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/hostsim"
)

const sleeper = "on request_headers\n sleep 2\n say awake\n"

// Go's time.Sleep goes by poll_oneoff: with today's Envoy it waits, with an older one it
// is the end of the filter.
func TestOldPollOneoff(t *testing.T) {
	for _, c := range []struct {
		old  bool
		code int
		log  string
	}{
		{false, http.StatusOK, "wasm log: awake"},
		{true, http.StatusServiceUnavailable, "poll_oneoff failed"},
	} {
		w := start(t, sleeper, echo, func(o *hostsim.Options) { o.OldPollOneoff = c.old })
		if got := w.get(t, "/"); got != c.code {
			t.Errorf("old %v: got %d, want %d", c.old, got, c.code)
		}
		if !strings.Contains(strings.Join(w.logs(), "\n"), c.log) {
			t.Errorf("old %v: no %q in the log", c.old, c.log)
		}
		if failed := len(w.Failures()) > 0; failed != c.old {
			t.Errorf("old %v: failures %v", c.old, w.Failures())
		}
	}
}

// A sleep under a clock that stands still ends with an error instead of never.
func TestSleepWithManualClock(t *testing.T) {
	w := start(t, sleeper, echo, func(o *hostsim.Options) { o.Clock = hostsim.NewManualClock(epoch) })
	if got := w.get(t, "/"); got != http.StatusServiceUnavailable {
		t.Errorf("got %d", got)
	}
	if failures := w.Failures(); len(failures) != 1 || !strings.Contains(failures[0].Error(), "clock stands still") {
		t.Errorf("failures: %v", failures)
	}
}
