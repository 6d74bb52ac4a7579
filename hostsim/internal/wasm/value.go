package wasm

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

// value is a property: string, []byte, int64, uint64, bool, time.Duration, time.Time,
// a fields (looked into by the next part of the path), or a message.
type value any

// fields finds a member by name; nil for none.
type fields func(name string) value

// dict is a map whose members can be listed: several values of one name are joined by a
// comma.
type dict []abi.Pair

func (d dict) member(name string) value {
	for _, p := range d {
		if p.Name == name {
			return p.Value
		}
	}
	return nil
}

// message is a protobuf message: its encoding, and its members. Envoy has some that are
// there but cannot be read.
type message struct {
	absent  bool
	encoded []byte
	members map[string]value
}

// walk follows the parts of a path into v.
func walk(v value, parts []string) value {
	for _, part := range parts {
		switch at := v.(type) {
		case fields:
			v = at(part)
		case dict:
			v = at.member(part)
		case message:
			v = at.members[part]
		default:
			return nil
		}
		if v == nil {
			return nil
		}
	}
	return v
}

// serialize encodes a property as Envoy does: numbers in 8 bytes little endian, a
// flag in one byte, times and durations in nanoseconds.
func serialize(v value) ([]byte, abi.Status) {
	switch v := v.(type) {
	case string:
		return []byte(v), abi.OK
	case []byte:
		return v, abi.OK
	case int64:
		return binary.LittleEndian.AppendUint64(nil, uint64(v)), abi.OK
	case uint64:
		return binary.LittleEndian.AppendUint64(nil, v), abi.OK
	case bool:
		return []byte{byte(flag(v))}, abi.OK
	case time.Duration:
		return binary.LittleEndian.AppendUint64(nil, uint64(v)), abi.OK
	case time.Time:
		return binary.LittleEndian.AppendUint64(nil, uint64(v.UnixNano())), abi.OK
	case dict:
		return abi.AppendPairs(nil, v), abi.OK
	case message:
		if v.absent {
			return nil, abi.SerializationFailure
		}
		return v.encoded, abi.OK
	}
	return nil, abi.SerializationFailure
}

// pathParts splits a property path at its zero bytes. A trailing one adds no part.
func pathParts(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(path, "\x00"), "\x00")
}
