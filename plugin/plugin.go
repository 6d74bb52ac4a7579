package main

import (
	"strings"
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/guard"
)

const (
	// tick is how often the plugin looks for streams whose body never comes.
	tick = time.Second
	// soonTick is how often requests that wait for another's answer are looked
	// at, where the policy has them wait.
	soonTick = 50 * time.Millisecond
	// holdPatience is how long a held stream may wait for its first piece of
	// body while the host has never delivered one under hold. A proxy with the
	// right setting that has served one request is never doubted again.
	holdPatience = 5 * time.Second
)

// plugin is one policy in one VM.
type plugin struct {
	types.DefaultPluginContext
	id         uint32
	guard      *guard.Guard
	holding    map[uint32]*stream // held streams without any body so far
	holdProven bool
	parked     map[uint32]*stream // wait for the answer to the same question
	ticked     int64              // Unix nanoseconds of the last whole tick
	spare      []*stream          // that are over

	// The memory of the last header maps. There are two because an answer of
	// the filter's own has its callback inside that of the request.
	headers, answerHeaders [][2]string
}

// OnPluginStart reads the policy. A broken one is refused with every error it
// has, and the host does not start.
func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	json, ok := configuration()
	if !ok {
		writeLog(logCritical, "the policy could not be read")
		return types.OnPluginStartStatusFailed
	}
	cfg, err := config.Parse(json)
	if err != nil {
		logLines("policy refused: ", err)
		return types.OnPluginStartStatusFailed
	}
	if p.guard, err = guard.New(cfg, newHost(), now()); err != nil {
		logLines("policy refused: ", err)
		return types.OnPluginStartStatusFailed
	}
	for _, w := range cfg.Warnings {
		writeLog(logWarn, "policy: "+w)
	}
	period := tick
	if p.guard.CanPark() {
		period = soonTick
	}
	if !setTick(uint32(period.Milliseconds())) {
		writeLog(logWarn, "no tick: a proxy that never delivers held bodies will not be noticed")
	}
	return types.OnPluginStartStatusOK
}

// logLines logs each line of an error on its own, as hosts cut long lines.
func logLines(prefix string, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		writeLog(logCritical, prefix+line)
	}
}

// newStream begins a stream, in the memory of an old one if there is any.
func (p *plugin) newStream(id uint32) *stream {
	s := new(stream)
	if last := len(p.spare) - 1; last >= 0 {
		s, p.spare = p.spare[last], p.spare[:last]
	}
	s.id, s.plugin, s.size, s.replied, s.over = id, p, 0, false, false
	p.guard.Start(&s.request, s)
	return s
}

// mostSpare is how many old streams are kept for new ones.
const mostSpare = 64

// recycle keeps a stream that is over for a new one. One whose end was not told
// in full may be known elsewhere.
func (p *plugin) recycle(s *stream) {
	if s.over && len(p.spare) < mostSpare {
		p.spare = append(p.spare, s)
	}
}

// OnTick does what is due from time to time.
func (p *plugin) OnTick() {
	defer logPanic("tick")
	now := now()
	for _, s := range p.parked {
		s.resume(now)
	}
	if since := now.UnixNano() - p.ticked; since >= 0 && since < int64(tick) {
		return
	}
	p.ticked = now.UnixNano()
	p.guard.Tick(now)
	if !p.holdProven {
		p.answerHanging(now)
	}
}

// answerHanging answers streams that would hang: their headers are held, and
// the host is not one that delivers a body meanwhile.
func (p *plugin) answerHanging(now time.Time) {
	for id, s := range p.holding {
		if s.request.Waited(now) < holdPatience {
			continue
		}
		delete(p.holding, id)
		if !setContext(id) {
			continue
		}
		writeLog(logCritical, "a held request never got its body; set allow_on_headers_stop_iteration: true in Envoy's PluginConfig, or header_mode: pass in the policy")
		s.at = now
		s.apply(s.request.HoldUnsupported(), requestHeaders)
	}
}
