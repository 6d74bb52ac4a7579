package guard

import (
	"time"

	"github.com/sparkward/sparkward/plugin/internal/config"
)

const (
	// flightTime is how long a call may wait for the answer to another one that
	// asks the same: most answers have come by then.
	flightTime = 30 * time.Second
	// flightLease is how long the first call's worker may be silent before the
	// others take it for lost: three ticks.
	flightLease = 3 * time.Second
	// mostParked is how many calls of one worker may wait at a time, which
	// bounds the work of a tick. One more goes upstream by itself.
	mostParked = 256
)

// parked is a call that waits for the answer to the same question.
type parked struct {
	verdict Verdict // of its inspection
	until   int64   // Unix nanoseconds
}

// CanPark says whether requests of this policy are ever Parked.
func (g *Guard) CanPark() bool {
	return g.cache != nil && g.cfg.Cache.Mode == config.Enforce && g.cfg.HeaderMode == config.Hold
}

// Parked says that the request waits until Resume lets it go.
func (r *Request) Parked() bool { return r.phase == phaseParked }

// park makes a miss wait if the same question is on its way upstream already;
// otherwise others may wait for this one.
func (r *Request) park(verdict Verdict, now time.Time) bool {
	c, g := r.cache, r.g
	if c == nil || c.state != cacheMiss || c.request.NoCache || c.request.OnlyIfCached || !r.held || !g.CanPark() {
		return false
	}
	if g.cache.Begin(c.key, flightLease, now) == 0 {
		r.takeOff()
		return false
	}
	if g.parked >= mostParked {
		return false
	}
	g.parked++
	r.phase, r.body = phaseParked, nil
	r.wait = &parked{verdict, now.Add(flightTime).UnixNano()}
	return true
}

// Resume asks again on behalf of a Parked request: Wait, or what RequestBody
// would have said had it not waited. The body is read again: what was found in
// it belonged to all requests and is gone.
func (r *Request) Resume(size int, read func() ([]byte, error), now time.Time) Verdict {
	if r.phase != phaseParked {
		return Verdict{}
	}
	if now.UnixNano() < r.wait.until && r.g.cache.Under(r.cache.key, now) > 0 {
		return Verdict{Action: Wait}
	}
	verdict := r.wait.verdict
	r.unpark()
	if reply := r.lookUp(now); reply != nil {
		return r.answer(reply, decisionCached)
	}
	body, err := read()
	if err != nil || len(body) != size {
		return r.refused(refuse(Undecided, "the proxy lost the request's body while it waited; send it again"))
	}
	if f := r.parse(body); f != nil {
		return r.refused(f)
	}
	return r.sendOn(verdict, now)
}

// unpark ends the wait of a request, if it waits.
func (r *Request) unpark() {
	if r.wait == nil {
		return
	}
	r.wait = nil
	r.g.parked--
	if r.phase == phaseParked {
		r.phase = phaseBody
	}
}

// takeOff notes that others may wait for this call.
func (r *Request) takeOff() {
	g := r.g
	r.cache.flight = true
	r.cache.seat = len(g.flying)
	g.flying = append(g.flying, r)
}

// landed lets the calls go that wait for this one's answer.
func (r *Request) landed() {
	if r.cache == nil || !r.cache.flight {
		return
	}
	g, seat, last := r.g, r.cache.seat, len(r.g.flying)-1
	r.cache.flight = false
	g.flying[seat] = g.flying[last]
	g.flying[seat].cache.seat = seat
	g.flying[last] = nil
	g.flying = g.flying[:last]
	g.cache.End(r.cache.key)
}

// stillFlying tells the calls that wait in any worker that those they wait for are
// not lost.
func (g *Guard) stillFlying(now time.Time) {
	for _, r := range g.flying {
		if left := flightTime - since(r.cache.asked, now); left > 0 {
			g.cache.Renew(r.cache.key, min(left, flightLease), now)
		}
	}
}
