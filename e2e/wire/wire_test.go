package wire

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestHTTP1Bytes compares what is written with the bytes it should be.
func TestHTTP1Bytes(t *testing.T) {
	tests := []struct {
		name string
		r    Request
		want string
	}{
		{"get", Request{Method: "GET", Target: "/a"},
			"GET /a HTTP/1.1\r\nhost: test\r\n\r\n"},
		{"order and duplicates", Request{Method: "GET", Target: "/", Header: [][2]string{{"b", "1"}, {"Host", "h"}, {"A", "2"}, {"b", "3"}}},
			"GET / HTTP/1.1\r\nb: 1\r\nHost: h\r\nA: 2\r\nb: 3\r\n\r\n"},
		{"empty post", Request{Method: "POST", Target: "/"},
			"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n"},
		{"body", Request{Method: "POST", Target: "/", Body: "abc"},
			"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nabc"},
		{"false length", Request{Method: "POST", Target: "/", Body: "abc", Header: [][2]string{{"content-length", "9"}}},
			"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\nabc"},
		{"pieces", Request{Method: "POST", Target: "/", Body: "abcde", Pieces: 2},
			"POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"},
		{"more pieces than bytes", Request{Method: "POST", Target: "/", Body: "ab", Pieces: 5},
			"POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"},
		{"trailer", Request{Method: "POST", Target: "/", Body: "a", Trailer: [][2]string{{"x-t", "v"}}},
			"POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-t: v\r\n\r\n"},
		{"hang up after headers", Request{Method: "POST", Target: "/", Body: "abcd", HangUp: AfterHeaders},
			"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 4\r\n\r\n"},
		{"hang up in the body", Request{Method: "POST", Target: "/", Body: "abcd", HangUp: InBody},
			"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 4\r\n\r\nab"},
		{"hang up in a chunked body", Request{Method: "POST", Target: "/", Body: "abcd", Pieces: 1, HangUp: InBody},
			"POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := new(h1).write(&b, tt.r); err != nil || b.String() != tt.want {
				t.Errorf("error %v\n got %q\nwant %q", err, b.String(), tt.want)
			}
		})
	}
}

// echo answers with what it understood of the request.
func echo(t *testing.T) string {
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %q body %q err %v twice %q trailer %q len %d", r.Proto, r.Method, r.URL,
			r.Host, body, err != nil, r.Header["Twice"], r.Trailer.Get("x-t"), r.ContentLength)
	}))
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	h.Config.Protocols = p
	h.Start()
	t.Cleanup(h.Close)
	return h.Listener.Addr().String()
}

func TestBothVersions(t *testing.T) {
	addr := echo(t)
	tests := []struct {
		name  string
		http2 bool
		r     Request
		want  string
	}{
		{"get", false, Request{Method: "GET", Target: "/a?b=c"},
			`HTTP/1.1 GET /a?b=c "test" body "" err false twice [] trailer "" len 0`},
		{"get over HTTP/2", true, Request{Method: "GET", Target: "/a?b=c"},
			`HTTP/2.0 GET /a?b=c "test" body "" err false twice [] trailer "" len 0`},
		{"pieces, trailer, duplicates", false,
			Request{Method: "POST", Target: "/", Body: "hello", Pieces: 3, Trailer: [][2]string{{"x-t", "v"}}, Header: [][2]string{{"twice", "1"}, {"twice", "2"}, {"trailer", "x-t"}}},
			`HTTP/1.1 POST / "test" body "hello" err false twice ["1" "2"] trailer "v" len -1`},
		{"pieces, trailer, duplicates over HTTP/2", true,
			Request{Method: "POST", Target: "/", Body: "hello", Pieces: 3, Trailer: [][2]string{{"x-t", "v"}}, Header: [][2]string{{"twice", "1"}, {"twice", "2"}}},
			`HTTP/2.0 POST / "test" body "hello" err false twice ["1" "2"] trailer "v" len -1`},
		{"declared length over HTTP/2", true, Request{Method: "POST", Target: "/", Body: "hello"},
			`HTTP/2.0 POST / "test" body "hello" err false twice [] trailer "" len 5`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Dial(addr, tt.http2)
			defer c.Close()
			for range 2 { // the second goes over the same connection
				resp, err := c.Send(t.Context(), tt.r)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if string(got) != tt.want {
					t.Errorf("\n got %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

func TestBeforeBodyComesBetween(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		arrived := make(chan struct{})
		h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			io.Copy(w, r.Body)
		}))
		p := new(http.Protocols)
		p.SetHTTP1(true)
		p.SetUnencryptedHTTP2(true)
		h.Config.Protocols = p
		h.Start()
		c := Dial(h.Listener.Addr().String(), http2)
		resp, err := c.Send(t.Context(), Request{Method: "POST", Target: "/", Body: "x", BeforeBody: func() error {
			select {
			case <-arrived:
				return nil
			case <-time.After(time.Minute):
				return errors.New("the headers did not arrive before the body")
			}
		}})
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("HTTP/2 %v: %v", http2, err)
		} else {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		c.Close()
		h.Close()
	}
}

func TestHangUpReachesTheServer(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		for _, where := range []HangUp{AfterHeaders, InBody} {
			failed := make(chan bool, 1)
			h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := io.ReadAll(r.Body)
				failed <- err != nil
			}))
			p := new(http.Protocols)
			p.SetHTTP1(true)
			p.SetUnencryptedHTTP2(true)
			h.Config.Protocols = p
			h.Start()
			c := Dial(h.Listener.Addr().String(), http2)
			resp, err := c.Send(t.Context(), Request{Method: "POST", Target: "/", Body: "hello", HangUp: where})
			if resp != nil || err != nil {
				t.Errorf("HTTP/2 %v: got %v, %v", http2, resp, err)
			}
			if !<-failed {
				t.Errorf("HTTP/2 %v: the server read a whole body", http2)
			}
			c.Close()
			h.Close()
		}
	}
}

// TestEarlyAnswer reads an answer that comes before the body could be written.
func TestEarlyAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 No\r\ncontent-length: 2\r\n\r\nno")
		io.Copy(io.Discard, c)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := Dial(l.Addr().String(), false)
	defer c.Close()
	resp, err := c.Send(ctx, Request{Method: "POST", Target: "/", Body: strings.Repeat("x", 32<<20)})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 413 || string(body) != "no" || err != nil {
		t.Errorf("got %d %q %v", resp.StatusCode, body, err)
	}
}

func TestDeadline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, http2 := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := Dial(l.Addr().String(), http2).Send(ctx, Request{Method: "GET", Target: "/"}); err == nil {
			t.Errorf("HTTP/2 %v: a silent server gave no error", http2)
		}
		cancel()
	}
}

// TestGivingUp cancels while the answer is waited for.
func TestGivingUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, http2 := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		if _, err := Dial(l.Addr().String(), http2).Send(ctx, Request{Method: "GET", Target: "/"}); err == nil {
			t.Errorf("HTTP/2 %v: giving up gave no error", http2)
		}
	}
}

func TestHeaderEdits(t *testing.T) {
	r := Request{Header: [][2]string{{"A", "1"}, {"b", "2"}, {"a", "3"}, {"c", "4"}}}
	c := r.Clone()
	c.Set("a", "9")
	c.Set("d", "5")
	c.Remove("B")
	if want := [][2]string{{"A", "9"}, {"c", "4"}, {"d", "5"}}; !reflect.DeepEqual(c.Header, want) {
		t.Errorf("got %v, want %v", c.Header, want)
	}
	if len(r.Header) != 4 || r.Header[0][1] != "1" || !r.Has("C") || r.Has("d") {
		t.Errorf("the original changed: %v", r.Header)
	}
}
