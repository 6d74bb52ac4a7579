//go:build wasip1

package main

import (
	"strconv"
	"strings"
	"time"
)

// step takes one step of a script.
func (c *context) step(s step) {
	if command := commands[s[0]]; command != nil {
		command(c, s)
		return
	}
	say("no such command: " + s[0])
}

// commands are what a script can do.
var commands map[string]func(c *context, s step)

func init() {
	commands = map[string]func(c *context, s step){
		"say":          func(c *context, s step) { say(strings.Join(s[1:], " ")) },
		"pairs":        func(c *context, s step) { c.pairs(s) },
		"setpairs":     func(c *context, s step) { c.setPairs(s) },
		"rawpairs":     func(c *context, s step) { c.rawPairs(s) },
		"get":          func(c *context, s step) { c.getHeader(s) },
		"add":          func(c *context, s step) { report(s, edit(proxyAddHeader, s)) },
		"replace":      func(c *context, s step) { report(s, edit(proxyReplaceHeader, s)) },
		"remove":       func(c *context, s step) { c.removeHeader(s) },
		"mapsize":      func(c *context, s step) { c.mapSize(s) },
		"body":         func(c *context, s step) { c.getBuffer(s) },
		"bodystatus":   func(c *context, s step) { c.bufferStatus(s) },
		"setbody":      func(c *context, s step) { c.setBuffer(s) },
		"property":     func(c *context, s step) { c.getProperty(s) },
		"setproperty":  func(c *context, s step) { c.setProperty(s) },
		"reply":        func(c *context, s step) { c.reply(s) },
		"continue":     func(c *context, s step) { report(s, proxyContinueStream(s.num(1))) },
		"close":        func(c *context, s step) { report(s, proxyCloseStream(s.num(1))) },
		"tick":         func(c *context, s step) { report(s, proxySetTick(s.num(1))) },
		"done":         func(c *context, s step) { report(s, proxyDone()) },
		"status":       func(c *context, s step) { c.status(s) },
		"level":        func(c *context, s step) { c.level(s) },
		"time":         func(c *context, s step) { c.time(s) },
		"log":          func(c *context, s step) { c.log(s) },
		"keep":         func(c *context, s step) { c.keep(s) },
		"become":       func(c *context, s step) { c.become(s) },
		"shared":       func(c *context, s step) { c.getShared(s) },
		"setshared":    func(c *context, s step) { c.setShared(s) },
		"increment":    func(c *context, s step) { c.incrementShared(s) },
		"queue":        func(c *context, s step) { c.queue(s) },
		"resolve":      func(c *context, s step) { c.resolve(s) },
		"enqueue":      func(c *context, s step) { c.enqueue(s) },
		"dequeue":      func(c *context, s step) { c.dequeue(s) },
		"metric":       func(c *context, s step) { c.metric(s) },
		"inc":          func(c *context, s step) { c.incMetric(s) },
		"record":       func(c *context, s step) { c.recordMetric(s) },
		"value":        func(c *context, s step) { c.metricValue(s) },
		"call":         func(c *context, s step) { c.httpCall(s) },
		"grpc":         func(c *context, s step) { c.grpcCall(s) },
		"grpcstream":   func(c *context, s step) { c.grpcStream(s) },
		"grpcsend":     func(c *context, s step) { c.grpcSend(s) },
		"grpcclose":    func(c *context, s step) { report(s, proxyGRPCClose(c.id32(s.str(1)))) },
		"grpccancel":   func(c *context, s step) { report(s, proxyGRPCCancel(c.id32(s.str(1)))) },
		"foreign":      func(c *context, s step) { c.foreign(s) },
		"sleep":        func(c *context, s step) { time.Sleep(time.Duration(s.num(1)) * time.Millisecond) },
		"trap":         func(c *context, s step) { unreachable(s) },
		"panic":        func(c *context, s step) { panic("as the script says") },
		"recurse":      func(c *context, s step) { say(strconv.Itoa(recurse(1))) },
		"hoard":        func(c *context, s step) { hoard() },
		"outofbounds":  func(c *context, s step) { report(s, proxyLog(2, ptr(uintptr(s.num(1))), s.num(2))) },
		"badresult":    func(c *context, s step) { c.badResult(s) },
		"refusememory": func(c *context, s step) { refuseMemory = s.num(1) != 0 },
		"bigpairs":     func(c *context, s step) { c.bigPairs(s) },
	}
}

func (s step) rest(i int) []string {
	if i < len(s) {
		return s[i:]
	}
	return nil
}

func (c *context) status(s step) {
	var code uint32
	var r result
	data, size := r.args()
	report(s, proxyGetStatus(ptr(&code), data, size), strconv.Itoa(int(code)), r.String())
}

func (c *context) level(s step) {
	var level uint32
	report(s, proxyGetLogLevel(ptr(&level)), strconv.Itoa(int(level)))
}

// time says whether the clock shows a time after 2020.
func (c *context) time(s step) {
	var t uint64
	status := proxyGetTime(ptr(&t))
	report(s, status, strconv.FormatBool(t > 1577836800e9))
}

func (c *context) log(s step) {
	data, size := at(strings.Join(s.rest(2), " "))
	report(s, proxyLog(s.num(1), data, size))
}

// keep gives this context's id a name in its root context.
func (c *context) keep(s step) { c.root.setID(s.str(1), c.id) }

func (c *context) setID(name string, id uint32) {
	if c.ids == nil {
		c.ids = map[string]uint32{}
	}
	c.ids[name] = id
}

// id32 is a number that keep, metric or call gave a name, else the number itself.
func (c *context) id32(name string) uint32 {
	if id, ok := c.root.ids[name]; ok {
		return id
	}
	n, _ := strconv.Atoi(name)
	return uint32(n)
}

func (c *context) become(s step) { report(s, proxySetEffectiveContext(c.id32(s.str(1)))) }
