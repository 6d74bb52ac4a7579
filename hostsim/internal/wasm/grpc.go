package wasm

import (
	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// grpcReceived is what a gRPC callback can read while it runs.
type grpcReceived struct {
	initial, trailing *header.Map
	message           []byte
}

func (f *frame) grpcCall() abi.Status   { return abi.InternalFailure }
func (f *frame) grpcStream() abi.Status { return abi.InternalFailure }
func (f *frame) grpcSend() abi.Status   { return abi.BadArgument }
func (f *frame) grpcClose() abi.Status  { return abi.BadArgument }
func (f *frame) grpcCancel() abi.Status { return abi.BadArgument }
