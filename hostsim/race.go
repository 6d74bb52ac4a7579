package hostsim

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
)

// Race serves requests at the same time, request i on worker i, and lets seed decide
// whose turn it is before each call on shared data or a shared queue. Between two such
// calls nobody else moves, so the same seed gives the same order whenever the filter
// itself does the same: what went wrong once can be played again.
//
// There must be no more requests than workers. The answers come in the order of the
// requests; nil stands for one that was broken off. schedule has a line for each turn,
// for example "1 proxy_set_shared_data". Other traffic should not run meanwhile.
func (h *Host) Race(seed uint64, requests ...*http.Request) (answers []*http.Response, schedule []string) {
	if len(requests) > len(h.workers) {
		panic("hostsim: Race needs a worker for each request: set Options.Workers to " + strconv.Itoa(len(requests)))
	}
	race := &race{rand: rand.New(rand.NewPCG(seed, 0)), states: make([]raceState, len(requests))}
	race.turn = sync.NewCond(&race.mu)
	h.race.Store(race)
	defer h.race.Store(nil)
	answers = make([]*http.Response, len(requests))
	var all sync.WaitGroup
	for i, r := range requests {
		all.Go(func() {
			defer race.finish(i)
			answers[i] = h.answer(h.workers[i], r)
		})
	}
	all.Wait()
	return answers, race.schedule
}

// answer serves a request and records its answer.
func (h *Host) answer(w *worker, r *http.Request) (answer *http.Response) {
	rec := &recorder{header: http.Header{}}
	defer func() {
		if recover() == nil { // else broken off
			answer = rec.response(r)
		}
	}()
	h.serveOn(w, rec, r)
	return nil
}

// yield waits for a worker's turn.
func (h *Host) yield(worker int, call string) {
	if race := h.race.Load(); race != nil && worker >= 0 && worker < len(race.states) {
		race.wait(worker, call)
	}
}

type raceState uint8

const (
	moving raceState = iota
	waiting
	finished
)

// race gives turns: to one of those that wait, when nobody moves.
type race struct {
	mu       sync.Mutex
	turn     *sync.Cond
	rand     *rand.Rand
	states   []raceState
	schedule []string
}

func (r *race) wait(i int, call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.states[i] == finished {
		return
	}
	r.states[i] = waiting
	r.next()
	for r.states[i] == waiting {
		r.turn.Wait()
	}
	r.schedule = append(r.schedule, strconv.Itoa(i)+" "+call)
}

func (r *race) finish(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states[i] = finished
	r.next()
}

// next picks who moves, unless somebody still does.
func (r *race) next() {
	var ready []int
	for i, state := range r.states {
		switch state {
		case moving:
			return
		case waiting:
			ready = append(ready, i)
		}
	}
	if len(ready) > 0 {
		r.states[ready[r.rand.IntN(len(ready))]] = moving
		r.turn.Broadcast()
	}
}

// recorder is a http.ResponseWriter that keeps the answer.
type recorder struct {
	code   int
	header http.Header
	sent   http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(code int) {
	if r.code == 0 {
		r.code, r.sent = code, r.header.Clone()
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// Flush implements http.Flusher.
func (r *recorder) Flush() {}

func (r *recorder) response(request *http.Request) *http.Response {
	r.WriteHeader(http.StatusOK)
	return &http.Response{Status: strconv.Itoa(r.code) + " " + http.StatusText(r.code), StatusCode: r.code,
		Proto: protocolHTTP1, ProtoMajor: 1, ProtoMinor: 1, Header: r.sent, Request: request,
		Body: io.NopCloser(bytes.NewReader(r.body.Bytes())), ContentLength: int64(r.body.Len())}
}
