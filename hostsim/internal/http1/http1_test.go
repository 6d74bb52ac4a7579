package http1

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

func fields(m *header.Map) string {
	var out []string
	for _, f := range m.Fields() {
		out = append(out, f.Name+"="+f.Value)
	}
	return strings.Join(out, " ")
}

// whole reads a request and its body.
func whole(source io.Reader) (head, body, trailers string, err error) {
	r := NewReader(source)
	h, err := r.Request()
	if err != nil {
		return "", "", "", err
	}
	for {
		data, end, t, err := r.Read(&h.Body)
		body += string(data)
		if end || err != nil {
			return fields(h.Headers), body, fields(t), err
		}
	}
}

func TestRequests(t *testing.T) {
	for _, c := range []struct{ name, raw, head, body, trailers string }{
		{"plain", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", ":authority=x :path=/a :method=GET", "", ""},
		{"line feeds alone", "GET / HTTP/1.1\nHost: x\n\n", ":authority=x :path=/ :method=GET", "", ""},
		{"empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n", ":authority=x :path=/ :method=GET", "", ""},
		{"length", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabcd", ":authority=x :path=/ :method=POST content-length=3", "abc", ""},
		{"chunks", "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
			":authority=x :path=/ :method=POST transfer-encoding=chunked", "abc0123456789", ""},
		{"trailers", "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n",
			":authority=x :path=/ :method=POST transfer-encoding=chunked", "a", "x-t=1"},
		{"absolute", "GET http://y/b?c HTTP/1.1\r\nhost: x\r\n\r\n", ":authority=y :scheme=http :path=/b?c :method=GET", "", ""},
		{"spaces", "GET / HTTP/1.1\r\nhost:x\r\na: \t b \t\r\n\r\n", ":authority=x :path=/ :method=GET a=b", "", ""},
	} {
		for name, source := range map[string]io.Reader{"at once": strings.NewReader(c.raw),
			"byte by byte": iotest.OneByteReader(strings.NewReader(c.raw))} {
			head, body, trailers, err := whole(source)
			if err != nil || head != c.head || body != c.body || trailers != c.trailers {
				t.Errorf("%s, %s: got %q %q %q %v", c.name, name, head, body, trailers, err)
			}
		}
	}
}

func TestBadRequests(t *testing.T) {
	const start = "POST / HTTP/1.1\r\nhost: x\r\n"
	for raw, want := range map[string]string{
		"what is this\r\n\r\n":                                            "http1.codec_error",
		"GET / HTTP/11\r\n\r\n":                                           "http1.codec_error",
		"G(T / HTTP/1.1\r\n\r\n":                                          "http1.codec_error",
		"GET  HTTP/1.1\r\n\r\n":                                           "http1.codec_error",
		start + "no colon\r\n\r\n":                                        "http1.codec_error",
		start + "a b: 1\r\n\r\n":                                          "http1.codec_error",
		start + "a: \x01\r\n\r\n":                                         "http1.invalid_characters",
		start + "content-length: x\r\n\r\n":                               "http1.codec_error",
		start + "content-length: -1\r\n\r\n":                              "http1.codec_error",
		start + "content-length: +1\r\n\r\n":                              "http1.codec_error",
		start + "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n": "http1.content_length_and_chunked_not_allowed",
		start + "transfer-encoding: gzip\r\n\r\n":                         "http1.invalid_transfer_encoding",
		start + strings.Repeat("a: 1\r\n", MaxHeaders) + "\r\n":           "http1.too_many_headers",
		start + "a: " + strings.Repeat("x", MaxHead) + "\r\n\r\n":         "http1.headers_too_large",
	} {
		_, _, _, err := whole(strings.NewReader(raw))
		var parse *ParseError
		if !errors.As(err, &parse) || parse.Details != want {
			t.Errorf("%.60q: got %v, want %s", raw, err, want)
		}
	}
}

func TestBrokenBodies(t *testing.T) {
	const chunkedHead = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
	for _, raw := range []string{"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nabc", chunkedHead + "5\r\nab",
		chunkedHead + "x\r\n", chunkedHead + "-1\r\n", chunkedHead + "+1\r\na\r\n", chunkedHead + "\r\n", chunkedHead + "1\r\nabc\r\n",
		chunkedHead + strings.Repeat("0", maxChunkLine+1)} {
		if _, _, _, err := whole(strings.NewReader(raw)); err == nil {
			t.Errorf("%.80q: no error", raw)
		}
	}
}

// What one read brings of a body is one piece, however many chunks it is.
func TestPieces(t *testing.T) {
	r := NewReader(io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n"),
		strings.NewReader("1\r\nd\r\n0\r\n\r\n")))
	head, err := r.Response("GET")
	if err != nil {
		t.Fatal(err)
	}
	data, end, _, err := r.Take(&head.Body)
	if string(data) != "abc" || end || err != nil {
		t.Errorf("got %q %v %v, want abc", data, end, err)
	}
	if data, end, _, err = r.Read(&head.Body); string(data) != "d" || !end || err != nil {
		t.Errorf("got %q %v %v, want d and the end", data, end, err)
	}
}

// However a message is cut into reads, it means the same.
func FuzzCuts(f *testing.F) {
	f.Add("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n")
	f.Add("POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
	f.Add("GET / HTTP/1.0\n\n")
	f.Fuzz(func(t *testing.T, raw string) {
		head, body, trailers, err := whole(strings.NewReader(raw))
		head1, body1, trailers1, err1 := whole(iotest.OneByteReader(strings.NewReader(raw)))
		if (err == nil) != (err1 == nil) || err == nil && (head != head1 || body != body1 || trailers != trailers1) {
			t.Errorf("%q: at once %q %q %q %v, byte by byte %q %q %q %v", raw, head, body, trailers, err, head1, body1, trailers1, err1)
		}
	})
}

// What is written reads as what it was.
func TestWriteAndRead(t *testing.T) {
	m := header.New(header.Request)
	for _, f := range []header.Field{{Name: ":authority", Value: "x"}, {Name: ":path", Value: "/p"}, {Name: ":method", Value: "POST"}, {Name: "a", Value: "1"}} {
		m.Add(f.Name, f.Value)
	}
	out, framing := AppendRequest(nil, m, false)
	out = framing.AppendData(out, []byte("hello"), false)
	out = framing.AppendData(out, nil, false)
	out = framing.AppendData(out, []byte("!"), true)
	head, body, _, err := whole(strings.NewReader(string(out)))
	if err != nil || head != ":authority=x :path=/p :method=POST a=1 transfer-encoding=chunked" || body != "hello!" {
		t.Errorf("got %q %q %v from %q", head, body, err, out)
	}
}

func TestResponseFraming(t *testing.T) {
	for _, c := range []struct {
		status    string
		end, head bool
		want      string
	}{
		{"200", true, false, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
		{"200", false, false, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"},
		{"200", false, true, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"},
		{"200", true, true, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"},
		{"304", true, true, "HTTP/1.1 304 Not Modified\r\n\r\n"},
		{"204", true, false, "HTTP/1.1 204 No Content\r\n\r\n"},
		{"462", true, false, "HTTP/1.1 462 Unknown\r\ncontent-length: 0\r\n\r\n"},
	} {
		m := header.New(header.Response)
		m.Add(":status", c.status)
		if out, _ := AppendResponse(nil, m, c.end, c.head); string(out) != c.want {
			t.Errorf("%+v: got %q", c, out)
		}
	}
}
