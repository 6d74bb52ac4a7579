package main

import (
	"encoding/binary"
	"unsafe"
)

// headerKind, bodyKind and logLevel are the numbers of the ABI.
type (
	headerKind uint32
	bodyKind   uint32
	logLevel   uint32
)

const (
	requestHeaderMap  headerKind = 0
	responseHeaderMap headerKind = 2

	requestBodyBuffer   bodyKind = 0
	responseBodyBuffer  bodyKind = 1
	configurationBuffer bodyKind = 7

	logInfo     logLevel = 2
	logWarn     logLevel = 3
	logError    logLevel = 4
	logCritical logLevel = 5
)

// decodePairs reads a header map as hosts write it: the number of pairs, the
// lengths of each name and value (32 bits, little endian), then the texts with
// a zero byte after each. The pairs are parts of b and go into pairs[:0].
func decodePairs(pairs [][2]string, b []byte) [][2]string {
	pairs = pairs[:0]
	n := int(binary.LittleEndian.Uint32(b))
	lengths, texts := b[4:4+8*n], b[4+8*n:]
	rest := unsafe.String(unsafe.SliceData(texts), len(texts))
	for ; len(lengths) > 0; lengths = lengths[8:] {
		name := binary.LittleEndian.Uint32(lengths)
		value := binary.LittleEndian.Uint32(lengths[4:])
		pairs = append(pairs, [2]string{rest[:name], rest[name+1 : name+1+value]})
		rest = rest[name+value+2:]
	}
	return pairs
}

// encodePairs appends a header map in the same form.
func encodePairs(b []byte, pairs [][2]string) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(pairs)))
	for i := range pairs {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(pairs[i][0])))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(pairs[i][1])))
	}
	for i := range pairs {
		b = append(append(b, pairs[i][0]...), 0)
		b = append(append(b, pairs[i][1]...), 0)
	}
	return b
}

// joinPath appends a property's path as hosts read it.
func joinPath(b []byte, path []string) []byte {
	for i, name := range path {
		if i > 0 {
			b = append(b, 0)
		}
		b = append(b, name...)
	}
	return b
}
