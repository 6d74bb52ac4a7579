package wasm

import "encoding/binary"

// appendField appends a protobuf string field unless it is empty.
func appendField(dst []byte, number uint64, s string) []byte {
	if s == "" {
		return dst
	}
	dst = binary.AppendUvarint(dst, number<<3|2)
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// parseFields reads a protobuf message of strings and varints, by field number. ok is
// false for a malformed message.
func parseFields(data []byte) (texts map[uint64]string, numbers map[uint64]uint64, ok bool) {
	texts, numbers = map[uint64]string{}, map[uint64]uint64{}
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		if n <= 0 || tag>>3 == 0 {
			return nil, nil, false
		}
		data = data[n:]
		switch tag & 7 {
		case 0:
			v, n := binary.Uvarint(data)
			if n <= 0 {
				return nil, nil, false
			}
			numbers[tag>>3], data = v, data[n:]
		case 2:
			size, n := binary.Uvarint(data)
			if n <= 0 || size > uint64(len(data)-n) {
				return nil, nil, false
			}
			texts[tag>>3] = string(data[n : n+int(size)])
			data = data[n+int(size):]
		case 1, 5:
			size := map[uint64]int{1: 8, 5: 4}[tag&7]
			if len(data) < size {
				return nil, nil, false
			}
			data = data[size:]
		default:
			return nil, nil, false
		}
	}
	return texts, numbers, true
}
