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
	// table holds the int8 weights of the first head, then of the second.
	table *[Buckets * Heads]byte
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
const magic = "SWM\x01"

const (
	headerSize = len(magic) + Heads*(3+Levels)*4
	// Size is the length of a weights file in bytes.
	Size = headerSize + Buckets*Heads
)

var errWeights = errors.New("model: not a weights file of this version; run make train")

// Read makes a Model of a weights file. The model keeps b.
func Read(b []byte) (*Model, error) {
	if len(b) != Size || string(b[:len(magic)]) != magic {
		return nil, errWeights
	}
	m := &Model{table: (*[Buckets * Heads]byte)(b[headerSize:])}
	p := b[len(magic):headerSize]
	for _, v := range m.Settings.fields() {
		*v = int32(binary.LittleEndian.Uint32(p))
		p = p[4:]
	}
	return m, nil
}

// Encode makes a weights file.
func Encode(s Settings, table *[Heads][Buckets]int8) []byte {
	b := []byte(magic)
	for _, v := range s.fields() {
		b = binary.LittleEndian.AppendUint32(b, uint32(*v))
	}
	for h := range table {
		for _, w := range table[h] {
			b = append(b, byte(w))
		}
	}
	return b
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
