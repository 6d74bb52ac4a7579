//go:build wasip1

// Command gosdk is a filter written with the Go SDK's API: headers, bodies, a local
// reply, shared data, a queue, a metric, ticks and a call.
package main

import (
	"strconv"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() { proxywasm.SetVMContext(&vm{}) }

type vm struct{ types.DefaultVMContext }

func (*vm) NewPluginContext(uint32) types.PluginContext { return &plugin{} }

type plugin struct {
	types.DefaultPluginContext
	requests proxywasm.MetricCounter
	queue    uint32
}

func (p *plugin) OnPluginStart(size int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil || string(data) == "bad" {
		proxywasm.LogCriticalf("configuration: got %q, want anything else", data)
		return types.OnPluginStartStatusFailed
	}
	p.requests = proxywasm.DefineCounterMetric("foreign_go_requests")
	p.queue, _ = proxywasm.RegisterSharedQueue("done")
	proxywasm.SetTickPeriodMilliSeconds(1000)
	return types.OnPluginStartStatusOK
}

func (p *plugin) OnTick() { proxywasm.LogInfo("tick") }

func (p *plugin) OnQueueReady(id uint32) {
	item, err := proxywasm.DequeueSharedQueue(id)
	proxywasm.LogInfof("queue: %s %v", item, err)
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &stream{plugin: p} }

type stream struct {
	types.DefaultHttpContext
	plugin *plugin
	size   int
}

func (s *stream) OnHttpRequestHeaders(n int, end bool) types.Action {
	s.plugin.requests.Increment(1)
	count := s.count()
	path, _ := proxywasm.GetHttpRequestHeader(":path")
	if path == "/refused" {
		proxywasm.SendHttpResponse(403, [][2]string{{"x-count", strconv.Itoa(count)}}, []byte("no"), -1)
		return types.ActionPause
	}
	proxywasm.RemoveHttpRequestHeader("content-length")
	proxywasm.AddHttpRequestHeader("x-count", strconv.Itoa(count))
	if end {
		return types.ActionContinue
	}
	return types.ActionPause
}

func (s *stream) count() int {
	for {
		old, cas, err := proxywasm.GetSharedData("count")
		if err != nil {
			cas = 0xffffffff
		}
		n, _ := strconv.Atoi(string(old))
		if proxywasm.SetSharedData("count", []byte(strconv.Itoa(n+1)), cas) == nil {
			return n + 1
		}
	}
}

func (s *stream) OnHttpRequestBody(size int, end bool) types.Action {
	if !end {
		return types.ActionPause
	}
	body, _ := proxywasm.GetHttpRequestBody(0, size)
	proxywasm.ReplaceHttpRequestBody(append([]byte("seen "), body...))
	return types.ActionContinue
}

func (s *stream) OnHttpResponseBody(size int, end bool) types.Action {
	s.size += size
	return types.ActionContinue
}

func (s *stream) OnHttpStreamDone() {
	proxywasm.EnqueueSharedQueue(s.plugin.queue, []byte(strconv.Itoa(s.size)))
	proxywasm.SetProperty([]string{"size"}, []byte(strconv.Itoa(s.size)))
}
