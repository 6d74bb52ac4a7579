package wasm

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// Statuses of gRPC.
const (
	grpcOK       = 0
	grpcUnknown  = 2
	grpcInternal = 13
)

// maxMessage is the largest gRPC message that is taken, in bytes: what a filter's memory
// could hold at all.
const maxMessage = 1 << 30

// grpcReceived is what a gRPC callback can read while it runs.
type grpcReceived struct {
	initial, trailing *header.Map
	message           []byte
}

// grpcCallout is one gRPC call or stream of a filter.
type grpcCallout struct {
	owner  *Context
	id     uint32
	stream bool // proxy_grpc_stream, else proxy_grpc_call
	send   func(data []byte, end bool)
	cancel func()

	buffer      []byte // of the message at hand
	answer      []byte // of a call
	answered    bool
	over        bool
	localClosed bool
}

// grpcStart begins a call or stream: the target, service and method are inputs 0 to 2, the
// metadata input 3.
func (f *frame) grpcStart(stream bool, timeout time.Duration) (*grpcCallout, abi.Status) {
	cluster, status := f.grpcTarget()
	if status != abi.OK {
		return nil, status
	}
	g := &grpcCallout{owner: f.ctx.root, stream: stream}
	if stream {
		f.vm.callouts.nextGRPCStream += calloutStep
		g.id = f.vm.callouts.nextGRPCStream + 2
	} else {
		f.vm.callouts.nextGRPCCall += calloutStep
		g.id = f.vm.callouts.nextGRPCCall + 1
	}
	headers := header.New(header.Request)
	for _, field := range []header.Field{{Name: ":method", Value: "POST"},
		{Name: ":path", Value: "/" + f.str(1) + "/" + f.str(2)}, {Name: ":authority", Value: cluster},
		{Name: ":scheme", Value: "http"}, {Name: "te", Value: "trailers"}} {
		headers.Add(field.Name, field.Value)
	}
	if timeout > 0 {
		headers.Add("grpc-timeout", strconv.FormatInt(timeout.Milliseconds(), 10)+"m")
	}
	headers.Add("content-type", "application/grpc")
	for _, p := range abi.ParsePairs(f.in[3]) {
		if strings.HasSuffix(p.Name, "-bin") { // as gRPC wants it
			p.Value = base64.StdEncoding.EncodeToString([]byte(p.Value))
		}
		headers.Add(p.Name, p.Value)
	}
	call := Call{Cluster: cluster, Headers: headers, Timeout: timeout}
	var ok bool
	if g.send, g.cancel, ok = f.vm.Worker.StreamCall(call, g.take); !ok {
		return nil, abi.InternalFailure
	}
	if f.vm.callouts.grpc == nil {
		f.vm.callouts.grpc = map[uint32]*grpcCallout{}
	}
	f.vm.callouts.grpc[g.id] = g
	f.out32[0] = g.id
	return g, abi.OK
}

// grpcTarget finds the cluster: the target is its name, or Envoy's GrpcService message
// with the name inside.
func (f *frame) grpcTarget() (string, abi.Status) {
	target := f.in[0]
	if outer, _, ok := parseFields(target); ok {
		inner, _, ok := parseFields([]byte(outer[1]))
		if !ok || inner[1] == "" {
			return "", abi.BadArgument
		}
		target = []byte(inner[1])
		if !f.vm.Spec.Host.HasCluster(string(target)) {
			return "", abi.InternalFailure
		}
		return string(target), abi.OK
	}
	if !f.vm.Spec.Host.HasCluster(string(target)) {
		return "", abi.ParseFailure
	}
	return string(target), abi.OK
}

// grpcCall is proxy_grpc_call: one message, one answer.
func (f *frame) grpcCall() abi.Status {
	g, status := f.grpcStart(false, time.Duration(f.u32(0))*time.Millisecond)
	if status == abi.OK {
		g.send(frameMessage(f.in[4]), true)
	}
	return status
}

// grpcStream is proxy_grpc_stream.
func (f *frame) grpcStream() abi.Status {
	_, status := f.grpcStart(true, 0)
	return status
}

// frameMessage puts gRPC's five bytes in front of a message.
func frameMessage(message []byte) []byte {
	framed := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	return append(framed, message...)
}

// kindOf is the kind that a call id says it is: 0 HTTP, 1 gRPC call, 2 gRPC stream.
func kindOf(id uint32) uint32 { return id % calloutStep }

func (f *frame) grpcSend() abi.Status {
	id := f.u32(0)
	if kindOf(id) != 2 {
		return abi.BadArgument
	}
	g := f.vm.callouts.grpc[id]
	if g == nil {
		return abi.NotFound
	}
	if !g.over {
		g.send(frameMessage(f.in[0]), f.u32(1) != 0)
	}
	return abi.OK
}

// grpcCalled returns the call or stream that the filter names, or why there is none.
func (f *frame) grpcCalled() (*grpcCallout, abi.Status) {
	id := f.u32(0)
	if kind := kindOf(id); kind != 1 && kind != 2 {
		return nil, abi.BadArgument
	}
	g := f.vm.callouts.grpc[id]
	if g == nil {
		return nil, abi.NotFound
	}
	return g, abi.OK
}

// grpcClose ends our side of a stream, or cancels a call.
func (f *frame) grpcClose() abi.Status {
	g, status := f.grpcCalled()
	switch {
	case g == nil:
	case g.stream && !g.over:
		g.send(nil, true)
		g.localClosed = true
	default:
		g.drop()
	}
	return status
}

// grpcCancel cancels a call or resets a stream.
func (f *frame) grpcCancel() abi.Status {
	g, status := f.grpcCalled()
	if g != nil {
		g.drop()
	}
	return status
}

// drop forgets a call without a word to the filter.
func (g *grpcCallout) drop() {
	delete(g.owner.vm.callouts.grpc, g.id)
	if !g.over {
		g.over = true
		g.cancel()
	}
}
