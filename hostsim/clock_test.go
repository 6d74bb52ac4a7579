package hostsim_test

import (
	"io"
	"net/http"
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

// TestIdleStreams: each piece that moves gives a stream its time anew; then it ends.
func TestIdleStreams(t *testing.T) {
	for _, c := range []struct {
		name   string
		limit  time.Duration
		pieces int // one a minute
		cut    bool
	}{
		{"Envoy's limit", 0, 20, false},
		{"a limit above the pauses", 61 * time.Second, 20, false},
		{"a limit below them", 59 * time.Second, 1, true},
		{"none", -1, 20, false},
	} {
		clock := hostsim.NewManualClock(epoch)
		next := make(chan bool)
		slowly := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for range 20 {
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				select {
				case <-next:
				case <-r.Context().Done():
					return
				}
			}
		})
		w := start(t, "on request_headers\n return 0\n", slowly, func(o *hostsim.Options) {
			o.Clock, o.StreamIdleTimeout, o.Routes[0].Timeout = clock, c.limit, -1
		})
		resp, err := http.Get(w.url)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for one := make([]byte, 1); ; got++ {
			if _, err = io.ReadFull(resp.Body, one); err != nil {
				break
			}
			clock.Advance(time.Minute)
			select {
			case next <- true:
			case <-time.After(time.Second):
			}
		}
		resp.Body.Close()
		if got != c.pieces || (err != io.EOF) != c.cut {
			t.Errorf("%s: %d pieces, then %v; want %d, cut %v", c.name, got, err, c.pieces, c.cut)
		}
	}
}
