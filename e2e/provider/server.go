package provider

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"
)

// maxBody is the largest request body read, in bytes; the rest is refused with
// 413. It is above any limit that a proxy in front would be tested with.
const maxBody = 16 << 20

// Server is the provider as an http.Handler. The zero value is not usable;
// call New. It may serve many requests at once.
type Server struct {
	log   journal
	now   func() time.Time
	mu    sync.Mutex
	gates map[string]chan struct{}
}

// New returns a Server whose answers carry the time that now returns. A nil
// now means time.Now.
func New(now func() time.Time) *Server {
	if now == nil {
		now = time.Now
	}
	return &Server{now: now, gates: map[string]chan struct{}{}}
}

// NewHTTPServer wraps h in a server that also speaks HTTP/2 without TLS and
// keeps quiet about aborted connections.
func NewHTTPServer(h http.Handler) *http.Server {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	return &http.Server{Handler: h, Protocols: p, ReadHeaderTimeout: 30 * time.Second}
}

// ServeHTTP records the request, applies its x-demo switches and answers it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/demo/seen" {
		s.serveSeen(w, r)
		return
	}
	entry := s.log.open(r)
	defer s.log.done()
	body, err := readBody(w, r)
	s.log.fill(entry, r, body, err)
	c := &call{Server: s, w: w, r: r, body: body, api: apiOf(r.URL.Path)}
	if err != nil {
		c.fail(http.StatusBadRequest, "the request body could not be read: "+err.Error())
		return
	}
	if c.sw, err = parseSwitches(r.Header); err != nil {
		c.fail(http.StatusBadRequest, err.Error())
		return
	}
	c.answer()
}

// readBody reads a body, and inflates it if it is compressed with gzip.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body io.Reader = http.MaxBytesReader(w, r.Body, maxBody)
	if r.Header.Get("Content-Encoding") == "gzip" {
		plain, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = io.LimitReader(plain, maxBody)
	}
	return io.ReadAll(body)
}

// serveSeen shows what was recorded as JSON, or forgets it.
func (s *Server) serveSeen(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(s.Seen())
	case http.MethodDelete:
		s.Forget()
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, DELETE")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// call is one request on its way to an answer.
type call struct {
	*Server
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	api  api
	sw   switches
}

// answer runs the switches that come before the response headers, then the
// called API.
func (c *call) answer() {
	if !c.pass(c.sw.hold) || !sleep(c.r.Context(), c.sw.delay) {
		panic(http.ErrAbortHandler)
	}
	if c.sw.reset == resetHeaders {
		panic(http.ErrAbortHandler)
	}
	if c.sw.retryAfter != "" {
		c.w.Header().Set("Retry-After", c.sw.retryAfter)
	}
	if c.sw.status != 0 && c.sw.status != http.StatusOK {
		c.fail(c.sw.status, "the request asked for this status with x-demo-status")
		return
	}
	h, ok := handlers[c.r.Method+" "+c.r.URL.Path]
	if !ok {
		c.fail(http.StatusNotFound, "no such endpoint: "+c.r.Method+" "+c.r.URL.Path)
		return
	}
	h(c)
}

// decode reads the body into v and answers 400 when it cannot.
func (c *call) decode(v any) bool {
	if err := json.Unmarshal(c.body, v); err != nil {
		c.fail(http.StatusBadRequest, "the request body is not valid: "+err.Error())
		return false
	}
	return true
}

// json writes v with status 200; x-demo-reset: stream cuts it in the middle.
func (c *call) json(v any) {
	c.head("application/json")
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(v); err != nil {
		panic(err) // every answer is made of encodable types
	}
	if c.sw.encoding == "gzip" {
		c.w.Header().Set("Content-Encoding", "gzip")
		plain := bytes.Clone(b.Bytes())
		b.Reset()
		packed := gzip.NewWriter(&b)
		packed.Write(plain)
		packed.Close()
	}
	if c.sw.reset == resetStream {
		c.w.Write(b.Bytes()[:b.Len()/2])
		http.NewResponseController(c.w).Flush()
		panic(http.ErrAbortHandler)
	}
	c.w.Write(b.Bytes())
}

// head sets the headers that every good answer has.
func (c *call) head(contentType string) {
	h := c.w.Header()
	h.Set("Content-Type", contentType)
	h.Set(c.api.requestIDHeader(), c.id("req_"))
}

// id derives an id from the request, so that equal requests get equal ids.
func (c *call) id(prefix string) string {
	sum := sha256.Sum256(append([]byte(c.r.Method+c.r.URL.Path), c.body...))
	return prefix + hex.EncodeToString(sum[:8])
}

// handlers are the endpoints by method and path.
var handlers = map[string]func(*call){
	"GET /v1/models":                 (*call).models,
	"POST /v1/chat/completions":      (*call).chat,
	"POST /v1/completions":           (*call).completions,
	"POST /v1/embeddings":            (*call).embeddings,
	"POST /v1/responses":             (*call).responses,
	"POST /v1/messages":              (*call).messages,
	"POST /v1/messages/count_tokens": (*call).countTokens,
}
