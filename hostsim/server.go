package hostsim

import (
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

// readSize is how much of a body is read at once, in bytes.
const readSize = 32 << 10

const (
	protocolHTTP10 = "HTTP/1.0"
	protocolHTTP1  = "HTTP/1.1"
	protocolHTTP2  = "HTTP/2"
)

// serve starts a stream on this worker with what came of its request, the headers
// first. closing says that its connection ends with it.
func (w *worker) serve(info *chain.Info, c client, closing bool, parts ...part) (s *stream) {
	w.mu.Lock()
	s = w.newStream(info, c)
	s.request, s.closing = parts[0].Headers, closing
	w.mu.Unlock()
	if refused := w.host.vet(s.request, info.Protocol); refused != nil {
		w.do(s, func() {
			s.chain.Refuse(refused.Reply, refused.flag, refused.logged(s.request), parts[len(parts)-1].End)
		})
		return s
	}
	if w.host.opts.UseRemoteAddress {
		w.host.fromOutside(s.request, info.Remote)
	} else {
		info.Remote = remote(s.request, info.Remote)
	}
	w.host.completeRequest(s.request, info.TLS != nil)
	w.do(s, func() { s.take(parts) })
	return s
}

// broken reports whether the response ended before it was complete.
func (s *stream) broken() bool {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return s.cut
}

// pick chooses the worker: the same for all requests of a connection.
func (h *Host) pick(r *http.Request) *worker {
	n := len(h.workers)
	if h.opts.PickWorker != nil {
		return h.workers[max(h.opts.PickWorker(r, n), 0)%n]
	}
	sum := fnv.New32a()
	io.WriteString(sum, r.RemoteAddr)
	return h.workers[int(sum.Sum32()%uint32(n))]
}

// connections gives out connection ids. Envoy counts per process too.
var connections atomic.Uint64

func (h *Host) infoOf(r *http.Request) *chain.Info {
	info := &chain.Info{Protocol: protocolHTTP1, Remote: r.RemoteAddr, Start: h.clock.Now(),
		ConnectionID: connections.Add(1)}
	if r.ProtoMajor == 2 {
		info.Protocol = protocolHTTP2
	} else if !r.ProtoAtLeast(1, 1) {
		info.Protocol = protocolHTTP10
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		info.Local = local.String()
	}
	return info
}
