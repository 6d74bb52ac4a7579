//go:build wasip1

package main

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// step takes one step of a script.
func (c *context) step(s step) {
	if command := commands[s[0]]; command != nil {
		command(c, s)
		return
	}
	say("no such command: " + s[0])
}

var maps = map[string]uint32{"request": 0, "request_trailers": 1, "response": 2, "response_trailers": 3,
	"grpc_initial": 4, "grpc_trailing": 5, "call": 6, "call_trailers": 7}

var buffers = map[string]uint32{"request": 0, "response": 1, "downstream": 2, "upstream": 3, "call": 4, "grpc": 5,
	"vm": 6, "plugin": 7, "data": 8}

func which(names map[string]uint32, name string) uint32 {
	if n, ok := names[name]; ok {
		return n
	}
	n, _ := strconv.Atoi(name)
	return uint32(n)
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

func (c *context) pairs(s step) {
	var r result
	data, size := r.args()
	status := proxyGetPairs(which(maps, s.str(1)), data, size)
	report(s, status)
	for _, p := range unpack(r.String()) {
		say("  " + p[0] + ": " + p[1])
	}
}

// unpack reads a serialized map.
func unpack(data string) (pairs [][2]string) {
	if len(data) < 4 {
		return nil
	}
	n := binary.LittleEndian.Uint32([]byte(data))
	sizes, rest := data[4:4+8*n], data[4+8*n:]
	for i := range int(n) {
		name := binary.LittleEndian.Uint32([]byte(sizes[8*i:]))
		value := binary.LittleEndian.Uint32([]byte(sizes[8*i+4:]))
		pairs = append(pairs, [2]string{rest[:name], rest[name+1 : name+1+value]})
		rest = rest[name+value+2:]
	}
	return pairs
}

// pack makes a serialized map of "name=value" words.
func pack(words []string) string {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(words)))
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		out = binary.LittleEndian.AppendUint32(out, uint32(len(name)))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(value)))
	}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		out = append(append(append(append(out, name...), 0), value...), 0)
	}
	return string(out)
}

func (s step) rest(i int) []string {
	if i < len(s) {
		return s[i:]
	}
	return nil
}

func (c *context) setPairs(s step) {
	data, size := at(pack(s.rest(2)))
	report(s, proxySetPairs(which(maps, s.str(1)), data, size))
}

// rawPairs passes bytes in hexadecimal.
func (c *context) rawPairs(s step) {
	var raw []byte
	for i := 0; i+1 < len(s.str(2)); i += 2 {
		b, _ := strconv.ParseUint(s.str(2)[i:i+2], 16, 8)
		raw = append(raw, byte(b))
	}
	data, size := at(string(raw))
	report(s, proxySetPairs(which(maps, s.str(1)), data, size))
}

// bigPairs sets a map of many headers, or of one long one: bigpairs MAP COUNT SIZE.
func (c *context) bigPairs(s step) {
	var words []string
	for i := range s.num(2) {
		words = append(words, "x-big-"+strconv.Itoa(int(i))+"="+strings.Repeat("v", int(s.num(3))))
	}
	data, size := at(pack(words))
	report(s, proxySetPairs(which(maps, s.str(1)), data, size))
}

func (c *context) getHeader(s step) {
	var r result
	key, keySize := at(s.str(2))
	data, size := r.args()
	report(s, proxyGetHeader(which(maps, s.str(1)), key, keySize, data, size), r.String())
}

func edit(call func(uint32, ptr, uint32, ptr, uint32) uint32, s step) uint32 {
	key, keySize := at(s.str(2))
	data, size := at(s.str(3))
	return call(which(maps, s.str(1)), key, keySize, data, size)
}

func (c *context) removeHeader(s step) {
	key, keySize := at(s.str(2))
	report(s, proxyRemoveHeader(which(maps, s.str(1)), key, keySize))
}

func (c *context) mapSize(s step) {
	var n uint32
	report(s, proxyHeaderSize(which(maps, s.str(1)), ptr(&n)), strconv.Itoa(int(n)))
}

func (c *context) getBuffer(s step) {
	var r result
	data, size := r.args()
	status := proxyGetBuffer(which(buffers, s.str(1)), s.num(2), s.num(3), data, size)
	report(s, status, shorten(r.String()))
}

// shorten shows long text by its length and ends.
func shorten(text string) string {
	if len(text) <= 200 {
		return text
	}
	return text[:20] + "..." + text[len(text)-20:] + " " + strconv.Itoa(len(text))
}

func (c *context) bufferStatus(s step) {
	var length, flags uint32
	status := proxyBufferStatus(which(buffers, s.str(1)), ptr(&length), ptr(&flags))
	report(s, status, strconv.Itoa(int(length)), strconv.Itoa(int(flags)))
}

func (c *context) setBuffer(s step) {
	data, size := at(s.str(4))
	report(s, proxySetBuffer(which(buffers, s.str(1)), s.num(2), s.num(3), data, size))
}

// getProperty reads a property. Its path is divided by dots; "\d" stands for a dot.
func (c *context) getProperty(s step) {
	var r result
	path, pathSize := at(propertyPath(s.str(1)))
	data, size := r.args()
	report(s, proxyGetProperty(path, pathSize, data, size), r.String())
}

func propertyPath(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, ".", "\x00"), `\d`, ".")
}

func (c *context) setProperty(s step) {
	path, pathSize := at(propertyPath(s.str(1)))
	data, size := at(s.str(2))
	report(s, proxySetProperty(path, pathSize, data, size))
}

// reply sends a local response: reply CODE DETAILS BODY GRPC NAME=VALUE...
func (c *context) reply(s step) {
	details, detailsSize := at(s.str(2))
	body, bodySize := at(s.str(3))
	headers, headersSize := at(pack(s.rest(5)))
	grpc := int32(-1)
	if s.str(4) != "" {
		grpc = int32(s.num(4))
	}
	report(s, proxySendLocalResponse(s.num(1), details, detailsSize, body, bodySize, headers, headersSize, grpc))
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

func (c *context) getShared(s step) {
	var r result
	var cas uint32
	key, keySize := at(s.str(1))
	data, size := r.args()
	status := proxyGetSharedData(key, keySize, data, size, ptr(&cas))
	if status == 0 {
		c.root.setID("cas", cas)
	}
	report(s, status, r.String())
}

// setShared is setshared KEY VALUE CAS, where CAS may be "cas", the one read last.
func (c *context) setShared(s step) {
	key, keySize := at(s.str(1))
	data, size := at(s.str(2))
	report(s, proxySetSharedData(key, keySize, data, size, c.id32(s.str(3))))
}

// incrementShared adds one to a number in shared data in a compare-and-swap loop.
func (c *context) incrementShared(s step) {
	key, keySize := at(s.str(1))
	for tries := 1; ; tries++ {
		var r result
		cas := uint32(0xffffffff)
		data, size := r.args()
		proxyGetSharedData(key, keySize, data, size, ptr(&cas))
		n, _ := strconv.Atoi(r.String())
		value, valueSize := at(strconv.Itoa(n + 1))
		if status := proxySetSharedData(key, keySize, value, valueSize, cas); status != 8 {
			report(s, status, strconv.Itoa(n+1), strconv.Itoa(tries))
			return
		}
	}
}

func (c *context) queue(s step) {
	var token uint32
	name, size := at(s.str(1))
	status := proxyRegisterQueue(name, size, ptr(&token))
	c.root.setID(s.str(1), token)
	report(s, status)
}

// resolve is resolve VM NAME.
func (c *context) resolve(s step) {
	var token uint32
	vm, vmSize := at(s.str(1))
	name, size := at(s.str(2))
	status := proxyResolveQueue(vm, vmSize, name, size, ptr(&token))
	c.root.setID(s.str(2), token)
	report(s, status)
}

func (c *context) enqueue(s step) {
	data, size := at(s.str(2))
	report(s, proxyEnqueue(c.id32(s.str(1)), data, size))
}

func (c *context) dequeue(s step) {
	var r result
	data, size := r.args()
	report(s, proxyDequeue(c.id32(s.str(1)), data, size), r.String())
}

// metric is metric KIND NAME.
func (c *context) metric(s step) {
	var id uint32
	name, size := at(s.str(2))
	status := proxyDefineMetric(s.num(1), name, size, ptr(&id))
	c.root.setID(s.str(2), id)
	report(s, status, strconv.Itoa(int(id&3)))
}

func (c *context) incMetric(s step) {
	report(s, proxyIncrementMetric(c.id32(s.str(1)), int64(int32(s.num(2)))))
}

func (c *context) recordMetric(s step) {
	report(s, proxyRecordMetric(c.id32(s.str(1)), uint64(s.num(2))))
}

func (c *context) metricValue(s step) {
	var n uint64
	status := proxyGetMetric(c.id32(s.str(1)), ptr(&n))
	report(s, status, strconv.FormatUint(n, 10))
}

// httpCall is call CLUSTER TIMEOUT BODY NAME=VALUE...
func (c *context) httpCall(s step) {
	var id uint32
	cluster, clusterSize := at(s.str(1))
	body, bodySize := at(s.str(3))
	headers, headersSize := at(pack(s.rest(4)))
	status := proxyHTTPCall(cluster, clusterSize, headers, headersSize, body, bodySize, nil, 0, s.num(2), ptr(&id))
	c.root.setID("call", id)
	report(s, status)
}

// grpcCall is grpc CLUSTER TIMEOUT SERVICE METHOD MESSAGE NAME=VALUE...
func (c *context) grpcCall(s step) {
	var id uint32
	cluster, clusterSize := at(s.str(1))
	service, serviceSize := at(s.str(3))
	method, methodSize := at(s.str(4))
	message, messageSize := at(s.str(5))
	metadata, metadataSize := at(pack(s.rest(6)))
	status := proxyGRPCCall(cluster, clusterSize, service, serviceSize, method, methodSize, metadata, metadataSize,
		message, messageSize, s.num(2), ptr(&id))
	c.root.setID("grpc", id)
	report(s, status)
}

// grpcStream is grpcstream CLUSTER SERVICE METHOD NAME=VALUE...
func (c *context) grpcStream(s step) {
	var id uint32
	cluster, clusterSize := at(s.str(1))
	service, serviceSize := at(s.str(2))
	method, methodSize := at(s.str(3))
	metadata, metadataSize := at(pack(s.rest(4)))
	status := proxyGRPCStream(cluster, clusterSize, service, serviceSize, method, methodSize, metadata, metadataSize, ptr(&id))
	c.root.setID("grpc", id)
	report(s, status)
}

// grpcSend is grpcsend CALL MESSAGE END.
func (c *context) grpcSend(s step) {
	data, size := at(s.str(2))
	report(s, proxyGRPCSend(c.id32(s.str(1)), data, size, s.num(3)))
}

// foreign is foreign NAME ARGUMENTS, where FIELD:TEXT arguments make a protobuf message.
func (c *context) foreign(s step) {
	var r result
	var arguments []byte
	for _, word := range s.rest(2) {
		field, text, ok := strings.Cut(word, ":")
		n, _ := strconv.Atoi(field)
		if !ok {
			arguments = append(arguments, word...)
			continue
		}
		arguments = append(arguments, byte(n<<3|2), byte(len(text)))
		arguments = append(arguments, text...)
	}
	name, nameSize := at(s.str(1))
	args, argsSize := at(string(arguments))
	data, size := r.args()
	report(s, proxyForeign(name, nameSize, args, argsSize, data, size), r.String())
}

// badResult asks for a result at an address outside the memory.
func (c *context) badResult(s step) {
	key, keySize := at(":path")
	report(s, proxyGetHeader(0, key, keySize, ptr(uintptr(s.num(1))), ptr(uintptr(s.num(1)))))
}

//go:noinline
func unreachable(s step) {
	var nowhere *uint32
	*(*uint32)(unsafe.Add(ptr(nowhere), 0xfffffff0)) = 1
}

//go:noinline
func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n+1) + 1
}

// hoard takes memory until there is no more.
func hoard() {
	var all [][]byte
	for {
		all = append(all, make([]byte, 16<<20))
		if len(all) == 0 {
			return
		}
	}
}
