package hostsim

import (
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/wasm"
)

// httpCall is a request that a filter makes by itself. The worker's lock guards it.
type httpCall struct {
	w        *worker
	call     wasm.Call
	done     func(*wasm.CallResponse)
	response wasm.CallResponse
	up       upstream
	over     bool
	stopTime func()
	sent     time.Time
}

// HTTPCall implements wasm.Worker.
func (w *worker) HTTPCall(call wasm.Call, done func(*wasm.CallResponse)) (cancel func(), ok bool) {
	c := w.host.clusters[call.Cluster]
	if c == nil || !c.reachable() {
		return nil, false
	}
	call.Headers.Put("x-envoy-internal", "true")
	h := &httpCall{w: w, call: call, done: done, sent: time.Now()}
	if call.Timeout > 0 {
		call.Headers.Put("x-envoy-expected-rq-timeout-ms", itoa(int(call.Timeout.Milliseconds())))
		h.stopTime = w.AfterFunc(call.Timeout, func() { h.localAnswer("504", "upstream request timeout") })
	}
	go c.connect(h)
	return h.end, true
}

// end gives the call up.
func (h *httpCall) end() {
	h.over = true
	if h.stopTime != nil {
		h.stopTime()
	}
	if h.up != nil {
		h.up.cancel()
	}
}

// finish hands the answer over once.
func (h *httpCall) finish(response *wasm.CallResponse) {
	if h.over {
		return
	}
	h.over = true
	if h.stopTime != nil {
		h.stopTime()
	}
	h.done(response)
}

// localAnswer is the proxy's own answer to a call: a filter gets it like any other.
func (h *httpCall) localAnswer(status, body string) {
	if h.over {
		return
	}
	if h.up != nil {
		h.up.cancel()
	}
	headers := header.New(header.Response)
	headers.Add(":status", status)
	headers.Add("content-length", itoa(len(body)))
	headers.Add("content-type", "text/plain")
	h.finish(&wasm.CallResponse{Headers: headers, Body: []byte(body)})
}

func (h *httpCall) method() string { return h.call.Headers.Value(":method") }

func (h *httpCall) connected(up upstream, _ string) {
	h.w.mu.Lock()
	over := h.over
	h.up = up
	h.w.mu.Unlock()
	if over {
		up.cancel()
		return
	}
	body, trailers := len(h.call.Body) > 0, h.call.Trailers != nil
	parts := []part{{Headers: h.call.Headers, End: !body && !trailers}}
	if body {
		parts = append(parts, part{Data: h.call.Body, End: !trailers})
	}
	if trailers {
		parts = append(parts, part{Trailers: h.call.Trailers, End: true})
	}
	up.send(parts)
}

func (h *httpCall) answer(parts []part) (more bool) {
	h.w.run(func() {
		for _, p := range parts {
			switch {
			case p.Headers != nil:
				p.Headers.Put("x-envoy-upstream-service-time", itoa(int(time.Since(h.sent).Milliseconds())))
				h.response.Headers = p.Headers
			case p.Trailers != nil:
				h.response.Trailers = p.Trailers
			default:
				h.response.Body = append(h.response.Body, p.Data...)
			}
			if p.End {
				h.finish(&h.response)
			}
		}
		more = !h.over
	})
	return more
}

func (h *httpCall) fail(f failure) {
	h.w.run(func() {
		if h.response.Headers != nil {
			h.finish(nil)
			return
		}
		h.localAnswer(itoa(f.code), f.text())
	})
}
