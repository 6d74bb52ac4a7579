package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// h2 is an HTTP/2 connection without TLS.
type h2 struct {
	addr string
	t    *http.Transport
}

func newH2(addr string) *h2 {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return &h2{addr: addr, t: &http.Transport{Protocols: p, DisableCompression: true}}
}

func (h *h2) Close() { h.t.CloseIdleConnections() }

// errHungUp ends the request body of a client that hangs up.
var errHungUp = errors.New("the client hung up")

func (h *h2) Send(ctx context.Context, r Request) (*http.Response, error) {
	var body io.Reader
	if r.Body != "" || len(r.Trailer) > 0 {
		pr, pw := io.Pipe()
		go func() { pw.CloseWithError(writePieces(pw, r)) }()
		body = pr
	}
	q, err := http.NewRequestWithContext(ctx, r.Method, "http://"+h.addr+r.Target, body)
	if err != nil {
		return nil, err
	}
	q.Host = "test"
	q.Header = http.Header{"User-Agent": nil}
	for _, f := range r.Header {
		q.Header[http.CanonicalHeaderKey(f[0])] = append(q.Header[http.CanonicalHeaderKey(f[0])], f[1])
	}
	if body != nil && !r.chunked() {
		q.ContentLength = int64(len(r.Body))
	}
	if len(r.Trailer) > 0 {
		q.Trailer = http.Header{}
		for _, f := range r.Trailer {
			q.Trailer.Add(f[0], f[1])
		}
	}
	resp, err := h.t.RoundTrip(q)
	if r.HangUp != Never {
		if resp != nil {
			resp.Body.Close()
		}
		return nil, nil
	}
	return resp, err
}

// writePieces writes the body, and ends it as the request says.
func writePieces(w io.Writer, r Request) error {
	if r.HangUp == AfterHeaders {
		return errHungUp
	}
	if r.BeforeBody != nil {
		if err := r.BeforeBody(); err != nil {
			return err
		}
	}
	for i, p := range r.pieces() {
		if i > 0 {
			time.Sleep(gap)
		}
		if _, err := io.WriteString(w, p); err != nil {
			return err
		}
	}
	if r.HangUp == InBody {
		return errHungUp
	}
	return nil
}
