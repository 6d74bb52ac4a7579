// Package wire writes HTTP requests as a scenario spells them: header order and
// duplicates kept, bodies in pieces, trailers, connections cut half way. It
// speaks HTTP/1.1 byte by byte and HTTP/2 without TLS through net/http.
package wire

import (
	"context"
	"crypto/tls"
	"net/http"
	"strconv"
	"strings"
)

// Request is one request as it is to be written. Nothing is added to it but
// host, and content-length or transfer-encoding where the body needs one and
// Header has neither.
type Request struct {
	Method  string
	Target  string
	Header  [][2]string // in order, duplicates kept
	Body    string
	Pieces  int         // chunks or DATA frames; 0 = the whole body at once, its length declared
	Trailer [][2]string // needs a body without a declared length, so it counts as Pieces 1
	HangUp  HangUp
	// BeforeBody is called when the headers have been written, unless it is nil.
	BeforeBody func() error
}

// HangUp says where the client closes its connection.
type HangUp uint8

// The places to hang up at.
const (
	Never        HangUp = iota
	AfterHeaders        // when the headers are written, the body not
	InBody              // when half of the body is written
)

// Has tells whether a header of the name is set; names match in any case.
func (r *Request) Has(name string) bool {
	for _, h := range r.Header {
		if strings.EqualFold(h[0], name) {
			return true
		}
	}
	return false
}

// Set replaces all headers of the name by one, or adds it.
func (r *Request) Set(name, value string) {
	for i, h := range r.Header {
		if strings.EqualFold(h[0], name) {
			r.Header[i][1] = value
			rest := Request{Header: r.Header[i+1:]}
			rest.Remove(name)
			r.Header = append(r.Header[:i+1], rest.Header...)
			return
		}
	}
	r.Header = append(r.Header, [2]string{name, value})
}

// Remove drops all headers of the name.
func (r *Request) Remove(name string) {
	kept := r.Header[:0]
	for _, h := range r.Header {
		if !strings.EqualFold(h[0], name) {
			kept = append(kept, h)
		}
	}
	r.Header = kept
}

// Clone copies the request; changes of the copy's headers leave r alone.
func (r Request) Clone() Request {
	r.Header = append([][2]string(nil), r.Header...)
	r.Trailer = append([][2]string(nil), r.Trailer...)
	return r
}

// chunked tells whether the body goes out without a declared length.
func (r *Request) chunked() bool {
	return !r.Has("content-length") && (r.Pieces > 0 || len(r.Trailer) > 0)
}

// pieces are the parts in which the body is written; joined they are the body,
// or its first half when the client hangs up there.
func (r *Request) pieces() []string {
	body, n := r.Body, max(1, r.Pieces)
	if r.HangUp == InBody {
		body = body[:len(body)/2]
	}
	var out []string
	for i := range n {
		if p := body[i*len(body)/n : (i+1)*len(body)/n]; p != "" {
			out = append(out, p)
		}
	}
	return out
}

// Conn is one client connection. It is not for use by several goroutines.
type Conn interface {
	// Send writes the request and returns when the response headers are there;
	// the caller reads and closes the body. A request that hangs up returns
	// nil, nil. The context bounds everything, the reading of the body included.
	Send(ctx context.Context, r Request) (*http.Response, error)
	Close()
}

// Dial returns a connection to addr, made when the first request is sent and
// again when the server has closed it.
func Dial(addr string, http2 bool) Conn {
	if http2 {
		return newH2(addr)
	}
	return &h1{addr: addr}
}

// DialTLS is Dial for HTTP/1.1 over TLS.
func DialTLS(addr string, config *tls.Config) Conn { return &h1{addr: addr, tls: config} }

// declaredLength is the content-length to send, or "".
func (r *Request) declaredLength() string {
	if r.chunked() || r.Has("content-length") || r.Has("transfer-encoding") {
		return ""
	}
	if r.Body == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return ""
	}
	return strconv.Itoa(len(r.Body))
}
