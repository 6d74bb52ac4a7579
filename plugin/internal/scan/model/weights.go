package model

import (
	_ "embed"
	"encoding/binary"
	"errors"
)

//go:embed weights.bin
var builtinBytes []byte

var builtin = mustRead(builtinBytes)

// A Model is a set of trained weights.
type Model struct {
	Settings
	// slots0 holds the weights of the first head, slots1 of the second: the low
	// byte is the weight, the high byte the check of the feature it is for.
	slots0 [1 << bits0]uint16
	slots1 [1 << bits1]uint16
}

// Settings are the numbers of a model beside its weights.
type Settings struct {
	// Scale is what a weight of 1 is worth, in 1/65536 of a logit.
	Scale [Heads]int32
	// Bias is the score of a text without words, in 1/256 of a logit.
	Bias [Heads]int32
	// Floor is the least a running sum may be, in 1/256 of a weight, so that
	// honest words before an attack take only so much from it.
	Floor [Heads]int32
	// Limit is the score from which a head's word counts, for each level.
	Limit [Heads][Levels]int32
}

// magic begins a weights file; its last byte is the version of the layout and
// of the features.
const magic = "SWM\x02"

// Bits of the slot numbers of the heads. The first head has words and pairs in
// many languages, the second only words.
const (
	bits0 = 14
	bits1 = 12
	slots = 1<<bits0 + 1<<bits1
)

const (
	headerSize = len(magic) + Heads*(3+Levels)*4
	// Size is the length of a weights file in bytes.
	Size = headerSize + slots*2
)

var errWeights = errors.New("model: not a weights file of this version; run make train")

// Read makes a Model of a weights file.
func Read(b []byte) (*Model, error) {
	if len(b) != Size || string(b[:len(magic)]) != magic {
		return nil, errWeights
	}
	m := new(Model)
	p := b[len(magic):headerSize]
	for _, v := range m.Settings.fields() {
		*v = int32(binary.LittleEndian.Uint32(p))
		p = p[4:]
	}
	p = b[headerSize:]
	for i := range m.slots0 {
		m.slots0[i] = binary.LittleEndian.Uint16(p[2*i:])
	}
	p = p[2*len(m.slots0):]
	for i := range m.slots1 {
		m.slots1[i] = binary.LittleEndian.Uint16(p[2*i:])
	}
	return m, nil
}

// Encode makes a weights file. weights holds, for each head, the weights of
// the features by their Key; of two features that want the same slot the one
// with the larger weight stays.
func Encode(s Settings, weights [Heads]map[uint32]int8) []byte {
	b := []byte(magic)
	for _, v := range s.fields() {
		b = binary.LittleEndian.AppendUint32(b, uint32(*v))
	}
	table := make([]byte, slots*2)
	for h, ws := range weights {
		for key, w := range ws {
			at := slotOf(Head(h), key)
			old := int8(table[at])
			if size(w) > size(old) || size(w) == size(old) && byte(key) > table[at+1] {
				table[at], table[at+1] = byte(w), byte(key)
			}
		}
	}
	return append(b, table...)
}

func size(w int8) int { return max(int(w), -int(w)) }

// Key returns what Rate knows of a feature: the slot it looks in and, in the
// low byte, the check that tells whose weight is there.
func Key(h Head, feature uint32) uint32 {
	if h == Persona {
		return feature >> (32 - bits1 - 8)
	}
	return feature >> (32 - bits0 - 8)
}

// slotOf returns where in the table of a weights file the weight of a key is.
func slotOf(h Head, key uint32) int {
	at := int(key >> 8)
	if h == Persona {
		at += 1 << bits0
	}
	return at * 2
}

// weight returns the weight of a feature, 0 for one that has none.
func (m *Model) weight(h Head, feature uint32) int32 {
	if h == Persona {
		return slotWeight(m.slots1[feature>>(32-bits1)], feature>>(32-bits1-8))
	}
	return slotWeight(m.slots0[feature>>(32-bits0)], feature>>(32-bits0-8))
}

// slotWeight returns a slot's weight if its check is the low byte of key, else 0,
// without a branch: most slots are someone else's, but not all.
func slotWeight(slot uint16, key uint32) int32 {
	differs := (uint32(slot>>8) ^ key) & 0xFF
	return int32(int8(slot)) & (int32(differs-1) >> 31)
}

// fields lists the settings in the order of the file.
func (s *Settings) fields() []*int32 {
	var f []*int32
	for h := range Heads {
		f = append(f, &s.Scale[h], &s.Bias[h], &s.Floor[h])
		for l := range Levels {
			f = append(f, &s.Limit[h][l])
		}
	}
	return f
}

// mustRead is for the embedded file, which the package's tests read too.
func mustRead(b []byte) *Model {
	m, err := Read(b)
	if err != nil {
		panic(err)
	}
	return m
}
