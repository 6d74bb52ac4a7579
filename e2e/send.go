package e2e

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/sparkward/sparkward/e2e/script"
	"github.com/sparkward/sparkward/e2e/wire"
)

// request keeps a request under a name, for send and stream.
func (s *scenario) request(_ context.Context, step script.Step) ([]string, error) {
	if len(step.Words) != 1 {
		return nil, errors.New("want one name")
	}
	r, err := parseRequest(step.Block)
	s.requests[step.Words[0]] = r
	return nil, err
}

// delivery is a request with how to send it and what to show.
type delivery struct {
	wire.Request
	http2       bool
	times       int
	connections int
	brief       bool   // show the status and the error code alone
	show        string // of the body, show the lines that contain it
	await       bool   // hold the body until the upstream has the headers
	gzip        bool   // compress the body
	leave       bool   // hang up when the upstream has the whole request
	events      int    // of a stream, after which the client leaves; 0 = it reads all
	cert        string // whose certificate the client shows; "" = none
	background  string // go on with the next step while the answer is waited for
	begun       bool   // but not before the first of it is here
	began       func() // called then; nil for nobody
}

// delivery reads the words and the block of a send step:
// [NAME] [option=value ...].
func (s *scenario) delivery(step script.Step) (delivery, error) {
	d := delivery{times: 1, connections: 1}
	words := step.Words
	var err error
	if len(words) > 0 && !strings.Contains(words[0], "=") && options[words[0]] == nil {
		named, ok := s.requests[words[0]]
		if !ok {
			return d, fmt.Errorf("no request is called %q", words[0])
		}
		d.Request, words = named.Clone(), words[1:]
		err = edit(&d.Request, step.Block)
	} else {
		d.Request, err = parseRequest(step.Block)
	}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		set, ok := options[name]
		if !ok {
			return d, fmt.Errorf("no option %q; there are times, connections, pieces, h2, brief, show, trailer, gzip, hangup, await, cert, background, begun", w)
		}
		err = errors.Join(err, set(&d, value))
	}
	if d.gzip {
		d.Body = compressed(d.Body)
	}
	return d, err
}

// compressed is a body as content-encoding gzip wants it.
func compressed(body string) string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	io.WriteString(w, body)
	w.Close()
	return b.String()
}

// options are the words after send and stream.
var options = map[string]func(d *delivery, value string) error{
	"times":       func(d *delivery, v string) (err error) { d.times, err = positive([]string{v}); return },
	"connections": func(d *delivery, v string) (err error) { d.connections, err = positive([]string{v}); return },
	"pieces":      func(d *delivery, v string) (err error) { d.Pieces, err = positive([]string{v}); return },
	"h2":          func(d *delivery, _ string) error { d.http2 = true; return nil },
	"brief":       func(d *delivery, _ string) error { d.brief = true; return nil },
	"show":        func(d *delivery, v string) error { d.show = v; return nil },
	"gzip":        func(d *delivery, _ string) error { d.gzip = true; return nil },
	"await":       func(d *delivery, v string) error { d.await = true; return want("await", v, "upstream") },
	"trailer": func(d *delivery, v string) error {
		name, value, _ := strings.Cut(v, ":")
		d.Trailer = append(d.Trailer, [2]string{name, value})
		return nil
	},
	"hangup": func(d *delivery, v string) error {
		d.HangUp = map[string]wire.HangUp{"headers": wire.AfterHeaders, "body": wire.InBody}[v]
		d.leave = v == "waiting"
		return want("hangup", v, "headers", "body", "waiting")
	},
	"events":     func(d *delivery, v string) (err error) { d.events, err = positive([]string{v}); return },
	"cert":       func(d *delivery, v string) error { d.cert = v; return nil },
	"background": func(d *delivery, v string) error { d.background = v; return nil },
	"begun":      func(d *delivery, _ string) error { d.begun = true; return nil },
}

func want(option, got string, values ...string) error {
	if slices.Contains(values, got) {
		return nil
	}
	return fmt.Errorf("%s=%s: want %s", option, got, strings.Join(values, " or "))
}

// send sends a request and shows the answer; with times, a tally of answers.
func (s *scenario) send(ctx context.Context, step script.Step) ([]string, error) {
	d, err := s.delivery(step)
	if err != nil {
		return nil, err
	}
	if d.background != "" {
		return nil, s.sendInBackground(ctx, d)
	}
	var out []string
	if d.times > 1 {
		out, err = s.tally(ctx, d)
	} else {
		out, err = s.one(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	s.sent += d.times
	_, err = s.settle(ctx) // so that the audit lines come in the order of the steps
	return out, err
}

func (s *scenario) one(ctx context.Context, d delivery) ([]string, error) {
	a, err := s.exchangeOne(ctx, d)
	return a.show(d), err
}

// dial returns a connection for a request.
func (s *scenario) dial(d delivery) wire.Conn {
	if s.setup.tls {
		return wire.DialTLS(s.host.addr(), pki().client(d.cert))
	}
	return wire.Dial(s.host.addr(), d.http2)
}

// exchangeOne sends a request on a connection of its own.
func (s *scenario) exchangeOne(ctx context.Context, d delivery) (answer, error) {
	c := s.dial(d)
	defer c.Close()
	up := s.host.upstreams().main
	next := len(up.Seen()) + 1
	if d.await {
		d.BeforeBody = func() error { return up.WaitArrived(ctx, next) }
	}
	if d.leave {
		leaving, leave := context.WithCancel(ctx)
		defer leave()
		go func() {
			up.WaitArrived(ctx, next)
			leave()
		}()
		_, err := s.exchange(leaving, c, d)
		if ctx.Err() == nil && leaving.Err() != nil {
			return answer{hungUp: true}, nil
		}
		return answer{}, fmt.Errorf("the client was to leave while it waits, but got an answer (%v)", err)
	}
	return s.exchange(ctx, c, d)
}

// tally sends a request many times, over connections in parallel, and counts
// the answers of each kind.
func (s *scenario) tally(ctx context.Context, d delivery) ([]string, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	counts := map[string]int{}
	left := d.times
	for range d.connections {
		wg.Go(func() {
			c := s.dial(d)
			defer c.Close()
			for {
				mu.Lock()
				mine := left
				left--
				mu.Unlock()
				if mine <= 0 {
					return
				}
				a, err := s.exchange(ctx, c, d)
				mu.Lock()
				counts[a.brief()]++
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	var out []string
	for kind, n := range counts {
		out = append(out, strconv.Itoa(n)+" × "+kind)
	}
	slices.SortFunc(out, func(a, b string) int {
		_, a, _ = strings.Cut(a, " × ")
		_, b, _ = strings.Cut(b, " × ")
		return strings.Compare(a, b)
	})
	return out, failed
}

// answer is what came back for one request.
type answer struct {
	status  int // 0 = the connection was closed without an answer
	header  http.Header
	trailer http.Header
	body    string
	cut     bool // the body ended too early
	hungUp  bool // the client did not wait for an answer
}

// exchange sends one request and reads its answer to the end. A connection that
// the host closes is an answer too; an error is what no scenario may expect.
func exchange(ctx context.Context, c wire.Conn, d delivery) (answer, error) {
	resp, err := c.Send(ctx, d.Request)
	switch {
	case d.HangUp != wire.Never:
		return answer{hungUp: true}, err
	case err != nil && closed(err):
		return answer{}, nil
	case err != nil:
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := readBody(resp.Body, d.began)
	a := answer{status: resp.StatusCode, header: resp.Header, trailer: resp.Trailer, body: string(body), cut: err != nil}
	if err != nil && ctx.Err() != nil {
		return a, fmt.Errorf("the answer did not end: %w", err)
	}
	return a, nil
}

// readBody reads to the end, and tells when the first of it is here.
func readBody(r io.Reader, began func()) ([]byte, error) {
	buffered := bufio.NewReader(r)
	buffered.Peek(1) // an error comes again
	if began != nil {
		began()
	}
	return io.ReadAll(buffered)
}

// closed tells the errors of a connection that the other side closed.
func closed(err error) bool {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || strings.Contains(err.Error(), "stream error")
}

// errorCode returns the code of an error body, or its type, or "".
func (a answer) errorCode() string {
	var b struct {
		Error struct{ Code, Type, Status any }
	}
	if json.Unmarshal([]byte(a.body), &b) != nil {
		return ""
	}
	for _, v := range []any{b.Error.Status, b.Error.Code, b.Error.Type} {
		if text, ok := v.(string); ok {
			return text
		}
	}
	return ""
}

// brief is the answer in a few words.
func (a answer) brief() string {
	switch {
	case a.hungUp:
		return "(hung up)"
	case a.status == 0:
		return "(closed without an answer)"
	case a.cut:
		return strconv.Itoa(a.status) + " (cut)"
	}
	return strings.TrimSpace(strconv.Itoa(a.status) + " " + a.errorCode())
}
