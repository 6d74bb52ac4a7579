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
	listener net.Listener
	mu       sync.Mutex
	busy     int // requests under way
	steps    string
	settle   func()
	out      *strings.Builder
}

const plainAnswer = "200 | content-type: text/plain | content-length: 2\nbody ok"

func startUpstream(t testing.TB) *diffUpstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &diffUpstream{listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go u.serve(conn)
		}
	}()
	return u
}

func (u *diffUpstream) address() string { return u.listener.Addr().String() }

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
	defer conn.Close()
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
	u.mu.Lock()
	steps := u.steps
	u.mu.Unlock()
	u.printFields(head.Headers)
	path := head.Headers.Value(":path")
	steps, early := strings.CutPrefix(strings.TrimSpace(steps), "early\n")
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
	for line := range strings.Lines(steps) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if kind == "when" {
			only, step, _ := strings.Cut(rest, " ")
			if only != path {
				continue
			}
			kind, rest, _ = strings.Cut(step, " ")
		}
		text := ""
		switch kind {
		case "", "#":
		case "pause":
			d, _ := time.ParseDuration(rest)
			time.Sleep(d)
		case "close":
			return false
		case "raw":
			text, _ = strconv.Unquote(`"` + rest + `"`)
		case "body":
			text = rest
		case "fill":
			n, _ := strconv.Atoi(rest)
			text = strings.Repeat("y", n)
		case "chunk":
			text = fmt.Sprintf("%x\r\n%s\r\n", len(rest), rest)
		case "last":
			text = "0\r\n" + headerLines(rest) + "\r\n"
		default:
			code, _ := strconv.Atoi(kind)
			text = "HTTP/1.1 " + kind + " " + http1.Reason(code) + "\r\n" + headerLines(rest) + "\r\n"
		}
		if text == "" {
			continue
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			return false
		}
		if kind == "body" || kind == "chunk" || kind == "fill" {
			u.settle()
		}
	}
	return true
}
