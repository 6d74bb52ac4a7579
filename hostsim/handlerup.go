package hostsim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// handlerUpstream serves exchanges with a http.Handler in this process: each Write of the
// handler is one piece of the body.
type handlerUpstream struct {
	mu    sync.Mutex
	wake  *sync.Cond
	queue [][]byte // of the request's body
	ended bool
	over  bool
	stop  context.CancelFunc
	start chan part // the request's headers
}

// exchangeHandler runs an exchange.
func (c *cluster) exchangeHandler(e exchange) {
	ctx, cancel := context.WithCancel(context.Background())
	up := &handlerUpstream{stop: cancel, start: make(chan part, 1)}
	up.wake = sync.NewCond(&up.mu)
	e.connected(up, "")
	select {
	case <-ctx.Done():
		return
	case first := <-up.start:
		defer cancel()
		w := &handlerWriter{exchange: e, header: http.Header{}}
		if w.serve(c.Handler, up.request(ctx, first)) {
			w.end()
		} else {
			e.fail(failure{reason: "connection termination", flag: chain.UpstreamConnectionTermination, code: 503})
		}
	}
}

// send implements upstream.
func (u *handlerUpstream) send(parts []part) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, p := range parts {
		if len(p.Data) > 0 {
			u.queue = append(u.queue, p.Data)
		}
		u.ended = u.ended || p.End
		if p.Headers != nil {
			u.start <- p
		}
	}
	u.wake.Broadcast()
	return nil
}

// cancel implements upstream.
func (u *handlerUpstream) cancel() {
	u.stop()
	go func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.over = true
		u.wake.Broadcast()
	}()
}

// request makes what the handler sees.
func (u *handlerUpstream) request(ctx context.Context, first part) *http.Request {
	m := first.Headers
	r := &http.Request{Method: m.Value(":method"), Host: m.Value(":authority"), RequestURI: m.Value(":path"),
		Proto: protocolHTTP1, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, URL: &url.URL{}}
	if parsed, err := url.ParseRequestURI(r.RequestURI); err == nil {
		r.URL = parsed
	}
	for _, f := range m.Fields() {
		if !strings.HasPrefix(f.Name, ":") {
			r.Header.Add(f.Name, f.Value)
		}
	}
	if !first.End {
		r.Body, r.ContentLength = u, -1
		if n, err := strconv.ParseInt(m.Value("content-length"), 10, 64); err == nil {
			r.ContentLength = n
		}
	}
	return r.WithContext(ctx)
}

// Read gives the handler a piece of the body.
func (u *handlerUpstream) Read(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.queue) == 0 && !u.ended && !u.over {
		u.wake.Wait()
	}
	switch {
	case u.over:
		return 0, io.ErrUnexpectedEOF
	case len(u.queue) == 0:
		return 0, io.EOF
	}
	n := copy(p, u.queue[0])
	if u.queue[0] = u.queue[0][n:]; len(u.queue[0]) == 0 {
		u.queue = u.queue[1:]
	}
	return n, nil
}

// Close implements io.Closer.
func (u *handlerUpstream) Close() error { return nil }

// handlerWriter is the http.ResponseWriter of a handler.
type handlerWriter struct {
	exchange exchange
	header   http.Header
	started  bool
	code     int
}

// serve runs the handler. It reports whether it came to its end.
func (w *handlerWriter) serve(h http.Handler, r *http.Request) (whole bool) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
	return true
}

// Header implements http.ResponseWriter.
func (w *handlerWriter) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *handlerWriter) WriteHeader(code int) {
	if w.code == 0 && code >= 200 {
		w.code = code
	}
}

// Write implements http.ResponseWriter.
func (w *handlerWriter) Write(p []byte) (int, error) {
	w.Flush()
	if len(p) > 0 && !w.exchange.answer([]part{{Data: append([]byte(nil), p...)}}) {
		return 0, errors.New("the stream is over")
	}
	return len(p), nil
}

// Flush implements http.Flusher: it sends the headers.
func (w *handlerWriter) Flush() {
	if !w.started {
		w.started = true
		w.exchange.answer([]part{{Headers: w.headers()}})
	}
}

func (w *handlerWriter) headers() *header.Map {
	w.WriteHeader(http.StatusOK)
	m := header.New(header.Response)
	m.Add(":status", strconv.Itoa(w.code))
	plain := w.header.Clone()
	for name := range plain {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			delete(plain, name)
		}
	}
	addSorted(m, plain)
	return m
}

// end ends the answer, with trailers if there are some.
func (w *handlerWriter) end() {
	trailers := http.Header{}
	for name, values := range w.header {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			trailers[name] = values
		}
	}
	switch {
	case len(trailers) > 0:
		w.Flush()
		t := header.New(header.Trailer)
		addSorted(t, trailers)
		w.exchange.answer([]part{{Trailers: t, End: true}})
	case w.started:
		w.exchange.answer([]part{{End: true}})
	default:
		w.exchange.answer([]part{{Headers: w.headers(), End: true}})
	}
}
