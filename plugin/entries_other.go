//go:build !wasip1

package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// Outside of a module the SDK has the entries: what the filter is to a host
// stays what the SDK says a filter is.

func init() { proxywasm.SetVMContext(&vm{}) }

type vm struct{ types.DefaultVMContext }

func (*vm) NewPluginContext(id uint32) types.PluginContext { return newPlugin(id) }

// NewHttpContext begins a stream.
func (p *plugin) NewHttpContext(id uint32) types.HttpContext { return p.newStream(id) }
