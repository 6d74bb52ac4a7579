package chain

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// whims makes a filter that does anything at any time: it holds, adds, replies, resets.
// bold ones may end the stream.
func whims(r *rand.Rand, bold bool) acts {
	act := func(statuses int) func(f *fake) int {
		return func(f *fake) int {
			switch r.IntN(12) {
			case 0:
				f.handle.ContinueDecoding()
			case 1:
				f.handle.ContinueEncoding()
			case 2:
				f.handle.ClearRouteCache()
			case 3:
				if bold && r.IntN(4) == 0 {
					f.handle.SendLocalReply(Reply{Code: 403, Body: "no", GRPCStatus: NoGRPCStatus})
				}
			case 4:
				if bold && r.IntN(8) == 0 {
					f.handle.Reset()
				}
			}
			return r.IntN(statuses)
		}
	}
	return acts{"request headers": act(5), "request data": act(3), "request trailers": act(2),
		"response headers": act(5), "response data": act(3), "response trailers": act(2), "log": func(f *fake) int {
			act(1)(f)
			return 0
		}}
}

// drive sends a request and its answer in a random order of steps, while filters go on
// at random times, and then lets all filters go on until nothing is held.
func drive(r *rand.Rand, p *play) (sent, got string) {
	pieces := 1 + r.IntN(4)
	steps := []func(){func() { p.RequestHeaders(requestMap("POST"), false) }}
	for i := range pieces {
		data := fmt.Sprint(i)
		sent += data
		steps = append(steps, func() { p.RequestData([]byte(data), false) })
	}
	steps = append(steps, func() { p.RequestTrailers(header.New(header.Trailer)) })
	for _, step := range steps {
		step()
		for _, f := range p.filters {
			if r.IntN(3) == 0 {
				f.handle.ContinueDecoding()
			}
		}
	}
	for range 3 * len(p.filters) {
		for _, f := range p.filters {
			f.handle.ContinueDecoding()
		}
	}
	for _, line := range p.lines {
		if data, ok := strings.CutPrefix(line, "router data"); ok {
			got += strings.TrimSuffix(strings.TrimSpace(data), " end")
		}
	}
	return sent, got
}

// Whatever filters do, each is told of the end once and of nothing behind it; and if none
// of them ends the stream, the upstream gets headers, every byte in order, trailers.
func TestRandomFilters(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		bold := seed%2 == 0
		p := newPlay(whims(r, bold), whims(r, bold), whims(r, bold))
		p.SetRequestLimit(0)
		sent, got := drive(r, p)
		if !bold {
			whole := strings.Count(p.text(), "router headers") == 1 && strings.HasSuffix(p.text(), "router trailers")
			if sent != got || !whole {
				t.Fatalf("seed %d: sent %s, the router got %s:\n%s", seed, sent, got, p.text())
			}
		}
		p.answer()
		p.ClientGone("left", 0)
		p.answer()
		ended := false
		for _, line := range p.lines {
			if ended && !strings.HasSuffix(line, "log") && !strings.HasSuffix(line, "destroy") && line != "router cancel" &&
				line != "route cleared" {
				t.Fatalf("seed %d: %q comes behind the end:\n%s", seed, line, p.text())
			}
			ended = ended || strings.HasPrefix(line, "over")
		}
		for _, name := range []string{"a", "b", "c"} {
			for _, what := range []string{" log", " destroy"} {
				if n := strings.Count("\n"+p.text()+"\n", "\n"+name+what+"\n"); n != 1 {
					t.Fatalf("seed %d: %s%s %d times:\n%s", seed, name, what, n, p.text())
				}
			}
		}
	}
}
