package hostsim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func TestManualClock(t *testing.T) {
	c := hostsim.NewManualClock(epoch)
	var fired []string
	note := func(name string) func() {
		return func() { fired = append(fired, name+" "+c.Now().Sub(epoch).String()) }
	}
	c.AfterFunc(3*time.Second, note("c"))
	c.AfterFunc(time.Second, func() {
		note("a")()
		c.AfterFunc(time.Second, note("b")) // inside the same Advance
	})
	stop := c.AfterFunc(2*time.Second, note("stopped"))
	if !stop() || stop() {
		t.Error("stop must report true once")
	}
	c.Advance(0)
	if fired != nil {
		t.Errorf("fired early: %q", fired)
	}
	c.Advance(10 * time.Second)
	if want := []string{"a 1s", "b 2s", "c 3s"}; !slices.Equal(fired, want) {
		t.Errorf("got %q, want %q", fired, want)
	}
	if got := c.Now().Sub(epoch); got != 10*time.Second {
		t.Errorf("the clock shows %v, want 10s", got)
	}
}

// Ticks follow the clock that is given, on every worker and on the main thread.
func TestTicksFollowTheClock(t *testing.T) {
	clock := hostsim.NewManualClock(epoch)
	w := start(t, "on configure\n tick 1000\non tick\n say ticked\n", echo, func(o *hostsim.Options) {
		o.Clock, o.Workers = clock, 2
	})
	clock.Advance(3500 * time.Millisecond)
	ticks := 0
	for _, line := range w.logs() {
		if strings.HasSuffix(line, ": ticked") {
			ticks++
		}
	}
	if ticks != 9 {
		t.Errorf("got %d ticks in 3.5 s on 3 threads, want 9", ticks)
	}
}

// A failed VM comes back when the back-off is over, and not before.
func TestReloadFollowsTheClock(t *testing.T) {
	clock := hostsim.NewManualClock(epoch)
	w := start(t, "on request_headers 1\n increment n\n trap\n", echo, func(o *hostsim.Options) {
		o.Clock, o.FailurePolicy, o.ReloadBackoff = clock, hostsim.FailReload, 10*time.Second
	})
	for _, step := range []struct {
		after time.Duration
		path  string
		want  int
	}{{0, "/trap", 503}, {9 * time.Second, "/early", 503}, {7 * time.Second, "/reloaded", 503}, {0, "/early", 503}} {
		clock.Advance(step.after)
		if got := w.get(t, step.path); got != step.want {
			t.Errorf("%s: got %d, want %d", step.path, got, step.want)
		}
	}
	if n := w.SharedData("")["n"]; n != "2" {
		t.Errorf("the filter ran %s times, want 2: shared data outlives a VM", n)
	}
}
