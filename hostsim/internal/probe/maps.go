//go:build wasip1

package main

import (
	"encoding/binary"
	"strconv"
	"strings"
)

var maps = map[string]uint32{"request": 0, "request_trailers": 1, "response": 2, "response_trailers": 3,
	"grpc_initial": 4, "grpc_trailing": 5, "call": 6, "call_trailers": 7}

func which(names map[string]uint32, name string) uint32 {
	if n, ok := names[name]; ok {
		return n
	}
	n, _ := strconv.Atoi(name)
	return uint32(n)
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
