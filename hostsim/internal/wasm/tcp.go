package wasm

import (
	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

// Conn is the connection of a TCP context.
type Conn interface {
	Info() *chain.Info
	ContinueReading()
	Close()
}

// tcpState is what a TCP context has beside a plain one.
type tcpState struct {
	conn                 Conn
	downstream, upstream *chain.Buffer
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
