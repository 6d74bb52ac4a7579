package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Sections of a WebAssembly module that are looked into.
const (
	customSection = 0
	importSection = 2
	codeSection   = 10
)

// module is a WebAssembly module as a row of sections.
type module struct {
	sections []section
	imported int            // functions that the module imports: they come first
	names    map[int]string // of functions, if the module has a section of names
}

type section struct {
	id   byte
	body []byte
}

// reader reads the binary format. After an error every read gives zero.
type reader struct {
	b   []byte
	err error
}

var errShort = errors.New("not a WebAssembly module that this program can read")

func (r *reader) fail() {
	r.err, r.b = errShort, nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

// count reads the length of a row whose members take a byte or more each.
func (r *reader) count() uint64 {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return n
}

// uint reads an unsigned LEB128 number.
func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// int reads a signed LEB128 number.
func (r *reader) int() int64 {
	var v int64
	for shift := 0; shift < 70; shift += 7 {
		c := r.byte()
		v |= int64(c&0x7F) << shift
		if c&0x80 == 0 {
			if c&0x40 != 0 && shift < 57 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.fail()
	return 0
}

func appendInt(b []byte, v int64) []byte {
	for v < -64 || v > 63 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v)&0x7F)
}

// header is the magic number and version 1.
var header = []byte("\x00asm\x01\x00\x00\x00")

// readModule divides a module into its sections.
func readModule(b []byte) (*module, error) {
	if !bytes.HasPrefix(b, header) {
		return nil, errShort
	}
	m := &module{names: map[int]string{}}
	r := &reader{b: b[len(header):]}
	for len(r.b) > 0 {
		id := r.byte()
		body := r.take(r.uint())
		m.sections = append(m.sections, section{id, body})
		switch id {
		case importSection:
			r.err = errors.Join(r.err, m.readImports(&reader{b: body}))
		case customSection:
			r.err = errors.Join(r.err, m.readNames(&reader{b: body}))
		}
	}
	return m, r.err
}

func (m *module) readImports(r *reader) error {
	for range r.count() {
		r.take(r.uint())
		r.take(r.uint())
		if kind := r.byte(); kind != 0 {
			return errShort // Go's modules import functions only
		}
		r.uint()
		m.imported++
	}
	return r.err
}

func (m *module) readNames(r *reader) error {
	if string(r.take(r.uint())) != "name" {
		return nil
	}
	for len(r.b) > 0 {
		id, body := r.byte(), r.take(r.uint())
		if id != 1 { // names of functions
			continue
		}
		sub := &reader{b: body}
		for range sub.count() {
			at := int(sub.uint())
			m.names[at] = string(sub.take(sub.uint()))
		}
		if sub.err != nil {
			return sub.err
		}
	}
	return r.err
}

// rewrite replaces the body of every function by what change makes of it, leaves
// the names out, and returns the module. A body is what stands behind its size.
func (m *module) rewrite(change func(number int, body []byte) ([]byte, error)) ([]byte, error) {
	out := bytes.Clone(header)
	for _, s := range m.sections {
		body := s.body
		switch {
		case s.id == codeSection:
			var err error
			if body, err = m.code(body, change); err != nil {
				return nil, err
			}
		case s.id == customSection && isNames(body):
			continue
		}
		out = append(out, s.id)
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out, nil
}

func isNames(body []byte) bool {
	r := &reader{b: body}
	return string(r.take(r.uint())) == "name"
}

func (m *module) code(body []byte, change func(int, []byte) ([]byte, error)) ([]byte, error) {
	r := &reader{b: body}
	n := r.count()
	out := binary.AppendUvarint(nil, n)
	for i := range int(n) {
		number := m.imported + i
		f, err := change(number, r.take(r.uint()))
		if err != nil {
			return nil, fmt.Errorf("function %d (%s): %w", number, m.names[number], err)
		}
		if r.err != nil {
			return nil, r.err
		}
		out = binary.AppendUvarint(out, uint64(len(f)))
		out = append(out, f...)
	}
	return out, r.err
}
