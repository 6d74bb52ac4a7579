package wasm

import (
	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

// Conn is the connection of a TCP context. Calls come with the worker held.
type Conn interface {
	Info() *chain.Info
	// ContinueReading goes on behind this context's filter.
	ContinueReading()
	// Close closes the client's connection when what was written is sent.
	Close()
}

// CloseSource says who closed a connection.
type CloseSource uint32

// Who closed a connection, in the ABI's numbering.
const (
	CloseUnknown CloseSource = iota
	CloseLocal
	CloseRemote
)

// tcpState is what a TCP context has beside a plain one.
type tcpState struct {
	conn                 Conn
	downstream, upstream *chain.Buffer
	downClosed, upClosed bool
	closed               bool
}

// NewTCP makes the plugin's context for one connection; nil if the VM failed.
func NewTCP(vm *VM, plugin *Plugin, conn Conn) *Context {
	root := vm.roots[plugin.Key]
	if vm.err != nil || root == nil {
		return nil
	}
	c := vm.newContext(root, plugin)
	c.tcp = &tcpState{conn: conn}
	return c
}

// OnNewConnection tells the filter of its connection. It reports whether to go on.
func (c *Context) OnNewConnection() bool {
	c.onCreate()
	return c.tcpCallback(onNewConnection)
}

// tcpCallback calls back and reports whether to go on. A connection whose VM failed is
// closed.
func (c *Context) tcpCallback(id callbackID, args ...uint32) bool {
	if c.tcpFailed() {
		return false
	}
	if !c.vm.has(id) {
		return true
	}
	defer c.vm.finish()
	result, _ := c.vm.call(id, c, append([]uint32{c.id}, args...)...)
	return !c.tcpFailed() && result == 0
}

func (c *Context) tcpFailed() bool {
	if c.vm.err == nil {
		return false
	}
	if !c.failed {
		c.failed = true
		c.tcp.conn.Close()
	}
	return true
}

// OnDownstreamData shows what came from the client. It reports whether to go on.
func (c *Context) OnDownstreamData(b *chain.Buffer, end bool) bool {
	c.tcp.downstream, c.endOfStream = b, end
	goOn := c.tcpCallback(onDownstreamData, uint32(b.Len()), flag(end))
	if goOn {
		c.tcp.downstream = nil
	}
	return goOn
}

// OnUpstreamData shows what came from the upstream. It reports whether to go on.
func (c *Context) OnUpstreamData(b *chain.Buffer, end bool) bool {
	c.tcp.upstream, c.endOfStream = b, end
	goOn := c.tcpCallback(onUpstreamData, uint32(b.Len()), flag(end))
	if goOn {
		c.tcp.upstream = nil
	}
	if end {
		c.OnUpstreamClose(CloseUnknown)
	}
	return goOn
}

// OnUpstreamClose tells the filter that the upstream closed.
func (c *Context) OnUpstreamClose(source CloseSource) {
	c.tcpEvent(onUpstreamClose, source)
	c.tcp.upClosed = true
	c.closeTCP(c.tcp.downClosed)
}

// OnDownstreamClose tells the filter that the client's connection is closed.
func (c *Context) OnDownstreamClose(source CloseSource) {
	c.tcpEvent(onDownstreamClose, source)
	c.tcp.downClosed = true
	c.closeTCP(true)
}

func (c *Context) tcpEvent(id callbackID, source CloseSource) {
	if c.vm.has(id) {
		c.vm.call(id, c, c.id, uint32(source))
		c.vm.finish()
	}
}

// closeTCP ends the context once.
func (c *Context) closeTCP(now bool) {
	if !now || c.tcp.closed {
		return
	}
	c.tcp.closed = true
	c.onDone()
	c.onLog()
	c.onDelete()
	delete(c.vm.contexts, c.id)
}

func (t *tcpState) buffer(which abi.BufferType) *chain.Buffer {
	switch {
	case t == nil:
		return nil
	case which == abi.DownstreamData:
		return t.downstream
	}
	return t.upstream
}

func (t *tcpState) data(which abi.BufferType) []byte {
	if b := t.buffer(which); b != nil {
		return b.B
	}
	return nil
}
