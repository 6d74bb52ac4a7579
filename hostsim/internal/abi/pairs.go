package abi

import "encoding/binary"

// Pair is one name and value of a serialized map.
type Pair struct{ Name, Value string }

// What the host accepts in one serialized map that comes from the filter, from
// include/proxy-wasm/limits.h of proxy-wasm-cpp-host. A larger map reads as empty.
const (
	MaxPairsBytes = 1 << 20
	MaxPairs      = 1024
)

// PairsSize is the length in bytes of the serialized map.
func PairsSize(pairs []Pair) int {
	size := 4
	for _, p := range pairs {
		size += 8 + len(p.Name) + 1 + len(p.Value) + 1
	}
	return size
}

// AppendPairs appends the serialized map to dst: the count, the two lengths of
// each pair, then the names and values, each followed by a zero byte.
func AppendPairs(dst []byte, pairs []Pair) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(pairs)))
	for _, p := range pairs {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p.Name)))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p.Value)))
	}
	for _, p := range pairs {
		dst = append(append(dst, p.Name...), 0)
		dst = append(append(dst, p.Value...), 0)
	}
	return dst
}

// ParsePairs reads a serialized map. It returns nil for a map that is too large or
// malformed in any way, as Envoy does: the host call then goes on with no pairs.
func ParsePairs(data []byte) []Pair {
	if len(data) < 4 || len(data) > MaxPairsBytes {
		return nil
	}
	count := binary.LittleEndian.Uint32(data)
	if count > MaxPairs || len(data)-4 < int(count)*8 {
		return nil
	}
	lengths, rest := data[4:4+count*8], data[4+count*8:]
	pairs := make([]Pair, count)
	for i := range pairs {
		var ok bool
		if pairs[i].Name, rest, ok = cutString(rest, binary.LittleEndian.Uint32(lengths[i*8:])); !ok {
			return nil
		}
		if pairs[i].Value, rest, ok = cutString(rest, binary.LittleEndian.Uint32(lengths[i*8+4:])); !ok {
			return nil
		}
	}
	if len(rest) != 0 {
		return nil
	}
	return pairs
}

// cutString takes n bytes and the zero byte behind them off the front of data.
func cutString(data []byte, n uint32) (s string, rest []byte, ok bool) {
	if uint64(n)+1 > uint64(len(data)) || data[n] != 0 {
		return "", nil, false
	}
	return string(data[:n]), data[n+1:], true
}
