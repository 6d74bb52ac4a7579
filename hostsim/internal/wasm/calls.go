package wasm

import (
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// callouts are the calls that one VM's filters have under way.
type callouts struct {
	nextHTTP, nextGRPCCall, nextGRPCStream uint32
	cancel                                 map[uint32]callout
	grpc                                   map[uint32]*grpcCallout
	data                                   []byte // the buffer "call data"
}

type callout struct {
	owner  *Context
	cancel func()
}

// calloutStep keeps the kinds of call ids apart: their low two bits are the kind.
const calloutStep = 4

// httpCall is proxy_http_call. It belongs to the root context, as its answer does.
func (f *frame) httpCall() abi.Status {
	c := f.ctx.root
	call := Call{Cluster: f.str(0), Headers: header.New(header.Request), Body: append([]byte(nil), f.in[2]...),
		Timeout: time.Duration(f.u32(0)) * time.Millisecond}
	for _, p := range abi.ParsePairs(f.in[1]) {
		call.Headers.Add(p.Name, p.Value)
	}
	if int32(f.u32(0)) < 0 || !f.vm.Spec.Host.HasCluster(call.Cluster) || !complete(call.Headers) {
		return abi.BadArgument
	}
	if len(call.Body) > 0 {
		call.Headers.Set("content-length", strconv.Itoa(len(call.Body)))
	}
	for _, p := range abi.ParsePairs(f.in[3]) {
		if call.Trailers == nil {
			call.Trailers = header.New(header.Trailer)
		}
		call.Trailers.Add(p.Name, p.Value)
	}
	f.vm.callouts.nextHTTP += calloutStep
	id := f.vm.callouts.nextHTTP
	cancel, ok := f.vm.Worker.HTTPCall(call, func(response *CallResponse) { c.httpCallDone(id, response) })
	if !ok {
		return abi.InternalFailure
	}
	f.vm.remember(id, callout{c, cancel})
	f.out32[0] = id
	return abi.OK
}

// complete reports whether a call has the headers that it must have.
func complete(h *header.Map) bool {
	for _, name := range []string{":path", ":method", ":authority"} {
		if _, ok := h.Get(name); !ok {
			return false
		}
	}
	return true
}

func (vm *VM) remember(id uint32, call callout) {
	if vm.callouts.cancel == nil {
		vm.callouts.cancel = map[uint32]callout{}
	}
	vm.callouts.cancel[id] = call
}

// brokenConnection is the status of a call that got no answer.
const brokenConnection = uint32(abi.BrokenConnection)

// httpCallDone hands the answer to the filter; nil is a failure.
func (c *Context) httpCallDone(id uint32, response *CallResponse) {
	vm := c.vm
	if vm.current != nil { // a callback is running: wait for its end
		vm.later(func() { c.httpCallDone(id, response) })
		return
	}
	if _, waiting := vm.callouts.cancel[id]; !waiting {
		return
	}
	delete(vm.callouts.cancel, id)
	var headers, trailers, size uint32
	if c.callResponse = response; response != nil {
		headers, trailers = uint32(response.Headers.Len()), uint32(response.Trailers.Len())
		size = uint32(len(response.Body))
	} else {
		c.statusCode, c.statusMessage = brokenConnection, "reset"
	}
	if vm.has(onHTTPCallResponse) {
		vm.after = append(vm.after, func() { c.callResponse, c.statusMessage = nil, "" })
		vm.call(onHTTPCallResponse, c, c.id, id, headers, size, trailers)
		vm.finish()
	}
	c.callResponse, c.statusMessage = nil, ""
}

// cancelCalls gives up the context's calls.
func (c *Context) cancelCalls() {
	for id, call := range c.vm.callouts.cancel {
		if call.owner == c {
			delete(c.vm.callouts.cancel, id)
			call.cancel()
		}
	}
	for _, g := range c.vm.callouts.grpc {
		if g.owner == c {
			g.drop()
		}
	}
}

// registerQueue is proxy_register_shared_queue: news of the queue go to the root context.
func (f *frame) registerQueue() abi.Status {
	root, vm := f.ctx.root, f.vm
	f.out32[0] = vm.Spec.Host.Queues.Register(vm.Spec.ID, f.str(0), func(token uint32) {
		vm.Worker.Post(func() {
			if vm.contexts[root.id] == root && vm.has(onQueueReady) {
				vm.call(onQueueReady, root, root.id, token)
				vm.finish()
			}
		})
	})
	return abi.OK
}

func (f *frame) resolveQueue() abi.Status {
	vmID := f.str(0)
	if vmID == "" {
		vmID = f.vm.Spec.ID
	}
	token := f.vm.Spec.Host.Queues.Resolve(vmID, f.str(1))
	if token == 0 {
		return abi.NotFound
	}
	f.out32[0] = token
	return abi.OK
}

// noSpaces replaces white space as Envoy does in response code details.
func noSpaces(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\r\v\f", r) {
			return '_'
		}
		return r
	}, s)
}
