package respcache

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// Answer is a stored answer.
type Answer struct {
	ContentType string
	Body        []byte
	Stream      bool // Body holds the events of a stream
	Used        Usage
	Age         time.Duration // since it was stored
}

// A stored answer is: the layout, flags, the length of the content type, the
// CRC-32C of those two and of all that follows, the key, when it was stored and when it expires,
// what was used, the content type, the body. Numbers are little endian.
const (
	answerHeader = 3 + 4 + 32 + 8 + 8 + 8 + 8
	flagStream   = 1
)

// castagnoli is the polynomial that is fastest in software by tables.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stored is the decoded form of a slot's value.
type stored struct {
	key            Key
	since, expires int64 // Unix nanoseconds
	stream         bool
	used           Usage
	contentType    []byte
	body           []byte
}

// size is the length of the value.
func (s *stored) size() int { return answerHeader + len(s.contentType) + len(s.body) }

func (s *stored) encode() []byte {
	buf := make([]byte, 0, s.size())
	flags := byte(0)
	if s.stream {
		flags = flagStream
	}
	buf = append(buf, layout, flags, byte(len(s.contentType)), 0, 0, 0, 0)
	buf = append(buf, s.key[:]...)
	for _, n := range [...]int64{s.since, s.expires, s.used.Prompt, s.used.Completion} {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(n))
	}
	buf = append(buf, s.contentType...)
	buf = append(buf, s.body...)
	binary.LittleEndian.PutUint32(buf[3:], checksum(buf))
	return buf
}

// decode reads a value and says whether it was one of ours, undamaged. The
// result shares the value's memory.
func (s *stored) decode(v []byte) bool {
	*s = stored{}
	if len(v) < answerHeader || v[0] != layout || v[1] > flagStream || len(v) < answerHeader+int(v[2]) {
		return false
	}
	if binary.LittleEndian.Uint32(v[3:]) != checksum(v) {
		return false
	}
	s.stream = v[1] == flagStream
	copy(s.key[:], v[7:])
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint64(v[39+8*i:])) }
	s.since, s.expires, s.used = number(0), number(1), Usage{number(2), number(3)}
	s.contentType = v[answerHeader : answerHeader+int(v[2])]
	s.body = v[answerHeader+int(v[2]):]
	return s.since >= 0 && s.expires >= s.since
}

func checksum(v []byte) uint32 {
	return crc32.Update(crc32.Checksum(v[1:3], castagnoli), castagnoli, v[7:])
}
