package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// gap is the time between two pieces of a body. It lets the server see them
// apart most of the time; nothing depends on it.
const gap = time.Millisecond

// h1 is an HTTP/1.1 connection written by hand.
type h1 struct {
	addr string
	tls  *tls.Config // nil for clear text
	c    net.Conn
	br   *bufio.Reader
}

func (h *h1) Close() {
	if h.c != nil {
		h.c.Close()
		h.c = nil
	}
}

func (h *h1) Send(ctx context.Context, r Request) (*http.Response, error) {
	if h.c == nil {
		c, err := h.dial(ctx)
		if err != nil {
			return nil, err
		}
		h.c, h.br = c, bufio.NewReader(c)
	}
	// From the deadline on, or when the caller gives up, nothing blocks.
	if d, ok := ctx.Deadline(); ok {
		h.c.SetDeadline(d)
	}
	c := h.c
	stop := context.AfterFunc(ctx, func() { c.Close() })
	if r.HangUp != Never {
		defer stop()
		defer h.Close()
		return nil, h.write(c, r)
	}
	// The answer may come before the request has been written, and the rest
	// cannot be written then; so what counts is what can be read.
	written := make(chan error, 1)
	go func() { written <- h.write(c, r) }()
	resp, err := h.read(r.Method)
	if err != nil {
		stop()
		h.Close() // ends the writer too; what it says then is of our own making
		<-written
		return nil, err
	}
	resp.Body = &h1Body{ReadCloser: resp.Body, h: h, written: written, keep: !resp.Close, stop: stop}
	return resp, nil
}

func (h *h1) dial(ctx context.Context) (net.Conn, error) {
	if h.tls == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", h.addr)
	}
	return (&tls.Dialer{Config: h.tls}).DialContext(ctx, "tcp", h.addr)
}

// read returns the first response that is not informational.
func (h *h1) read(method string) (*http.Response, error) {
	for {
		resp, err := http.ReadResponse(h.br, &http.Request{Method: method})
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
}

// write sends the head, then the body in its pieces.
func (h *h1) write(w io.Writer, r Request) error {
	if _, err := io.WriteString(w, head(r)); err != nil {
		return err
	}
	body := w
	if r.chunked() {
		body = chunks{w}
	}
	if err := writePieces(body, r); err != nil && err != errHungUp {
		return err
	}
	if r.chunked() && r.HangUp == Never {
		_, err := io.WriteString(w, "0\r\n"+lines(r.Trailer)+"\r\n")
		return err
	}
	return nil
}

// chunks writes each piece as a chunk.
type chunks struct{ io.Writer }

func (c chunks) Write(p []byte) (int, error) {
	if _, err := fmt.Fprintf(c.Writer, "%x\r\n%s\r\n", len(p), p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// head is the request line and the headers.
func head(r Request) string {
	s := r.Method + " " + r.Target + " HTTP/1.1\r\n"
	if !r.Has("host") {
		s += "host: test\r\n"
	}
	s += lines(r.Header)
	if n := r.declaredLength(); n != "" {
		s += "content-length: " + n + "\r\n"
	}
	if r.chunked() {
		s += "transfer-encoding: chunked\r\n"
	}
	return s + "\r\n"
}

func lines(fields [][2]string) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f[0] + ": " + f[1] + "\r\n")
	}
	return b.String()
}

// h1Body ends the exchange when it is closed: the connection is kept when the
// answer was read to its end and the request had been written whole.
type h1Body struct {
	io.ReadCloser
	h       *h1
	written chan error
	keep    bool
	stop    func() bool
	ended   bool
}

func (b *h1Body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err == io.EOF
	return n, err
}

func (b *h1Body) Close() error {
	defer b.stop()
	if !b.ended || !b.keep {
		b.h.Close()
		return nil
	}
	select {
	case err := <-b.written:
		if err != nil {
			b.h.Close()
		}
	default:
		b.h.Close()
	}
	return nil
}
