package hostsim_test

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/http1"
)

// diffUpstream is an HTTP/1.1 server that plays the upstream section of a case once for
// each request, and writes down what it saw:
//
//	early                       answers when the request's head is there, not at its end
//	CODE | name: value | ...    sends the head of the answer
//	when /PATH STEP             takes the step for requests of that path only
//	body TEXT, chunk TEXT, last, raw TEXT, fill N, pause 50ms, close   as in a client section
//
// Without a section it answers 200 with "ok".
type diffUpstream struct {
	at     string // its address
	mu     sync.Mutex
	busy   int // requests under way
	steps  string
	settle func()
	out    *strings.Builder
}

const plainAnswer = "200 | content-type: text/plain | content-length: 2\nbody ok"

func startUpstream(t testing.TB) *diffUpstream {
	t.Helper()
	u := &diffUpstream{steps: plainAnswer, settle: func() {}, out: &strings.Builder{}}
	u.at = listenAll(t, u.serve)
	return u
}

func (u *diffUpstream) address() string { return u.at }

// section is what to play now.
func (u *diffUpstream) section() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.steps
}

// play sets the section to play and starts a new record.
func (u *diffUpstream) play(steps string, settle func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.settle = settle
	if u.steps = steps; strings.TrimSpace(steps) == "" {
		u.steps = plainAnswer
	}
	u.out = &strings.Builder{}
}

// text is what the upstream saw, once it is done with all requests.
func (u *diffUpstream) text() string {
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond) {
		u.mu.Lock()
		busy := u.busy
		u.mu.Unlock()
		if busy == 0 {
			break
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.out.String()
}

func (u *diffUpstream) count(n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.busy += n
}

func (u *diffUpstream) printf(format string, args ...any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	fmt.Fprintf(u.out, format, args...)
}

func (u *diffUpstream) serve(conn net.Conn) {
	r := http1.NewReader(conn)
	for u.exchange(conn, r) {
	}
}

// exchange serves one request. It reports whether the connection is still open.
func (u *diffUpstream) exchange(conn net.Conn, r *http1.Reader) bool {
	if r.Wait() != nil {
		return false
	}
	u.count(1)
	defer u.count(-1)
	head, err := r.Request()
	if err != nil {
		return false
	}
	u.printFields(head.Headers)
	path := head.Headers.Value(":path")
	steps, early := strings.CutPrefix(strings.TrimSpace(u.section()), "early\n")
	if early && !u.answer(conn, path, steps) {
		return false
	}
	return u.readBody(r, &head.Body) && (early || u.answer(conn, path, steps))
}

func (u *diffUpstream) printFields(m *header.Map) {
	for _, f := range m.Fields() {
		u.printf("> %s: %s\n", f.Name, f.Value)
	}
}

func (u *diffUpstream) readBody(r *http1.Reader, body *http1.Body) bool {
	var all []byte
	for {
		data, end, trailers, err := r.Read(body)
		all = append(all, data...)
		if err == nil && !end {
			continue
		}
		if len(all) > 0 {
			u.printf("> %s\n", shorten(all))
		}
		u.printFields(trailers)
		if err != nil {
			u.printf("> broken off\n")
		}
		return err == nil
	}
}

// answer plays the steps. It reports whether the connection is still open.
func (u *diffUpstream) answer(conn net.Conn, path, steps string) bool {
	_, err := eachStep(steps, func(command, rest string) error {
		if command == "when" {
			only, step, _ := strings.Cut(rest, " ")
			if only != path {
				return nil
			}
			command, rest, _ = strings.Cut(step, " ")
		}
		switch command {
		case "close":
			return errDone
		case "pause":
			return pause(rest)
		}
		text, known, err := rawPiece(command, rest, "y")
		if !known {
			var code int
			code, err = strconv.Atoi(command)
			text = "HTTP/1.1 " + command + " " + http1.Reason(code) + "\r\n" + headerLines(rest) + "\r\n"
		}
		if err != nil {
			u.printf("! no such step: %s %s\n", command, rest)
			return err
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			return err
		}
		if command == "body" || command == "chunk" || command == "fill" {
			u.settle()
		}
		return nil
	})
	return err == nil
}
