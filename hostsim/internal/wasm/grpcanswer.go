package wasm

import (
	"encoding/binary"
	"strconv"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// StreamEvent is a part of the answer to a streaming call, or why there is none: the
// HTTP status, the text and the details of the proxy's own answer.
type StreamEvent struct {
	Headers, Trailers *header.Map
	Data              []byte
	End               bool
	Failure           int // 0 for none
	Text, Details     string
}

// detailed puts response code details behind a message, as Envoy does.
func detailed(message, details string) string {
	if message == "" {
		return details
	}
	return message + "{" + details + "}"
}

const viaUpstream = "via_upstream"

// take handles what came of an answer.
func (g *grpcCallout) take(e StreamEvent) {
	if g.owner.vm.current != nil { // a callback is running: wait for its end
		g.owner.vm.later(func() { g.take(e) })
		return
	}
	switch {
	case g.over || g.owner.vm.callouts.grpc[g.id] == nil:
	case e.Failure != 0:
		g.fail(chain.GRPCStatus(e.Failure), detailed(e.Text, e.Details))
	case e.Headers != nil:
		g.onHeaders(e)
	case e.Trailers != nil:
		g.onTrailers(e.Trailers)
	default:
		g.onData(e)
	}
}

func (g *grpcCallout) onHeaders(e StreamEvent) {
	code, _ := strconv.Atoi(e.Headers.Value(":status"))
	_, hasStatus := e.Headers.Get("grpc-status")
	initial := e.Headers
	if e.End {
		initial = header.New(header.Response)
	}
	g.metadata(onGRPCReceiveInitialMetadata, initial)
	switch {
	case code != 200 && !(e.End && hasStatus):
		g.fail(chain.GRPCStatus(code), viaUpstream)
	case e.End:
		g.onTrailers(e.Headers)
	}
}

// metadata shows headers or trailers of a stream to the filter.
func (g *grpcCallout) metadata(id callbackID, m *header.Map) {
	c := g.owner
	if !g.stream || !c.vm.has(id) {
		return
	}
	received := grpcReceived{initial: m}
	if id == onGRPCReceiveTrailingMetadata {
		received = grpcReceived{trailing: m}
	}
	g.callback(received, id, uint32(m.Len()))
}

func (g *grpcCallout) callback(received grpcReceived, id callbackID, arg uint32) {
	c := g.owner
	c.grpcReceived = received
	c.vm.call(id, c, c.id, g.id, arg)
	c.grpcReceived = grpcReceived{}
	c.vm.finish()
}

func (g *grpcCallout) onData(e StreamEvent) {
	g.buffer = append(g.buffer, e.Data...)
	for len(g.buffer) >= 5 && !g.over {
		size := binary.BigEndian.Uint32(g.buffer[1:])
		if g.buffer[0] != 0 || size > maxMessage {
			g.fail(grpcInternal, viaUpstream)
			return
		}
		if uint64(len(g.buffer)-5) < uint64(size) {
			break
		}
		message := g.buffer[5 : 5+size]
		g.buffer = g.buffer[5+size:]
		g.onMessage(message)
	}
	if e.End && !g.over {
		g.fail(grpcUnknown, viaUpstream)
	}
}

func (g *grpcCallout) onMessage(message []byte) {
	if !g.stream {
		g.answer, g.answered = message, true
		return
	}
	if g.owner.vm.has(onGRPCReceive) {
		g.callback(grpcReceived{message: message}, onGRPCReceive, uint32(len(message)))
	}
}

func (g *grpcCallout) onTrailers(t *header.Map) {
	g.metadata(onGRPCReceiveTrailingMetadata, t)
	status, err := strconv.Atoi(t.Value("grpc-status"))
	if err != nil || status < 0 {
		status = grpcUnknown
	}
	g.close(status, detailed(t.Value("grpc-message"), viaUpstream))
}

// fail ends a call that the other side did not end properly.
func (g *grpcCallout) fail(status int, message string) {
	g.metadata(onGRPCReceiveTrailingMetadata, header.New(header.Trailer))
	if !g.over {
		g.close(status, message)
		g.cancel()
	}
}

// close tells the filter the end: a call that went well by its answer, all others by a
// status.
func (g *grpcCallout) close(status int, message string) {
	if g.over {
		return
	}
	g.over = true
	c := g.owner
	if !g.stream || g.localClosed {
		defer delete(c.vm.callouts.grpc, g.id)
	}
	if !g.stream && status == grpcOK && g.answered {
		if c.vm.has(onGRPCReceive) {
			g.callback(grpcReceived{message: g.answer}, onGRPCReceive, uint32(len(g.answer)))
		}
		return
	}
	if !g.stream && status == grpcOK {
		status, message = grpcInternal, ""
	}
	if c.vm.has(onGRPCClose) {
		c.statusCode, c.statusMessage = uint32(status), message
		g.callback(grpcReceived{}, onGRPCClose, uint32(status))
		c.statusMessage = ""
	}
}
