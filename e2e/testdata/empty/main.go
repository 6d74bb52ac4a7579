// Command empty is a filter that does nothing, to tell what any Go filter costs.
// Configured with a text that is no policy, it answers each request with it when
// the body has ended.
package main

import (
	"bytes"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() { proxywasm.SetVMContext(&vm{}) }

type vm struct{ types.DefaultVMContext }

func (*vm) NewPluginContext(uint32) types.PluginContext { return &plugin{} }

type plugin struct {
	types.DefaultPluginContext
	answer []byte // nil to do nothing
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	text, err := proxywasm.GetPluginConfiguration()
	if err == nil && bytes.HasPrefix(text, []byte(`{"id":`)) {
		p.answer = text
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	if p.answer == nil {
		return &types.DefaultHttpContext{}
	}
	return &stream{answer: p.answer}
}

type stream struct {
	types.DefaultHttpContext
	answer []byte
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action { return types.ActionPause }

func (s *stream) OnHttpRequestBody(_ int, end bool) types.Action {
	if !end {
		return types.ActionPause
	}
	if err := proxywasm.SendHttpResponse(200, [][2]string{{"content-type", "application/json"}}, s.answer, -1); err != nil {
		proxywasm.LogError(err.Error())
	}
	return types.ActionPause
}
