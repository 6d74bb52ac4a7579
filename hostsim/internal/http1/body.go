package http1

import (
	"bytes"
	"io"
	"strconv"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

type framing uint8

const (
	none framing = iota
	counted
	chunked
	untilClose
)

// Body is how a body is framed and how much of it was read. The zero Body is none.
type Body struct {
	kind    framing
	left    int64 // of a counted body, or of the chunk at hand
	inChunk bool  // the chunk's bytes are not all read, or its line end is not
	last    bool  // the empty chunk was read; trailers follow
}

// None reports whether there is no body at all.
func (b *Body) None() bool { return b.kind == none || b.kind == counted && b.left == 0 && !b.last }

// Read returns what can be had of the body without waiting; if nothing, it waits once.
// end is true when the body is complete; trailers may then be there. The data is the
// caller's to keep.
func (r *Reader) Read(b *Body) (data []byte, end bool, trailers *header.Map, err error) {
	for {
		data, end, trailers, err = r.Take(b)
		if err != nil || end || len(data) > 0 {
			return data, end, trailers, err
		}
		if err = r.fill(); err == io.EOF && b.kind == untilClose {
			return nil, true, nil, nil
		} else if err != nil {
			return nil, false, nil, unexpected(err)
		}
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Take is Read without waiting: the result may be empty.
func (r *Reader) Take(b *Body) (data []byte, end bool, trailers *header.Map, err error) {
	switch b.kind {
	case counted:
		data, end = r.counted(b)
	case chunked:
		return r.chunked(b, nil)
	case untilClose:
		data, r.buffer = append([]byte(nil), r.buffer...), nil
	default:
		end = true
	}
	return data, end, nil, nil
}

func (r *Reader) take(n int64) []byte {
	n = min(n, int64(len(r.buffer)))
	data := append([]byte(nil), r.buffer[:n]...)
	r.buffer = r.buffer[n:]
	return data
}

func (r *Reader) counted(b *Body) (data []byte, end bool) {
	data = r.take(b.left)
	b.left -= int64(len(data))
	return data, b.left == 0
}

// chunked decodes as many chunks as were read.
func (r *Reader) chunked(b *Body, data []byte) ([]byte, bool, *header.Map, error) {
	for {
		if b.last {
			trailers, done, err := r.trailers()
			return data, done, trailers, err
		}
		if !b.inChunk {
			size, ok, err := r.chunkSize()
			if !ok || err != nil {
				return data, false, nil, err
			}
			b.left, b.inChunk, b.last = size, size > 0, size == 0
			continue
		}
		part := r.take(b.left)
		data = append(data, part...)
		b.left -= int64(len(part))
		if b.left > 0 {
			return data, false, nil, nil
		}
		if !r.chunkEnd() {
			return data, false, nil, nil
		}
		b.inChunk = false
	}
}

// maxChunkLine bounds the line with a chunk's size and extensions, in bytes.
const maxChunkLine = 4096

// chunkSize reads the line in front of a chunk. Envoy's parser wants no blanks before the
// number, and line ends of two bytes.
func (r *Reader) chunkSize() (size int64, ok bool, err error) {
	digits := 0
	for digits < len(r.buffer) && isHex(r.buffer[digits]) {
		digits++
	}
	if digits == len(r.buffer) {
		if digits > maxChunkLine {
			return 0, false, errBadChunk
		}
		return 0, false, nil
	}
	if digits == 0 || bytes.IndexByte([]byte("\t\r\n ;"), r.buffer[digits]) < 0 {
		return 0, false, errBadChunk
	}
	end := bytes.IndexByte(r.buffer, '\n')
	if end < 0 && len(r.buffer) <= maxChunkLine {
		return 0, false, nil
	}
	if end < 1 || bytes.IndexByte(r.buffer[:end], '\r') != end-1 {
		return 0, false, errBadChunk
	}
	n, err := strconv.ParseUint(string(r.buffer[:digits]), 16, 63)
	if err != nil {
		return 0, false, errBadChunk
	}
	r.buffer = r.buffer[end+1:]
	return int64(n), true, nil
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// chunkEnd skips what is left of the line behind a chunk. As in Envoy's parser it need
// not be empty.
func (r *Reader) chunkEnd() (done bool) {
	i := bytes.IndexByte(r.buffer, '\n')
	if i < 0 {
		r.buffer = r.buffer[len(r.buffer):]
		return false
	}
	r.buffer = r.buffer[i+1:]
	return true
}

// trailers reads what follows the empty chunk, when all of it is there.
func (r *Reader) trailers() (m *header.Map, done bool, err error) {
	for at := 0; ; {
		i := bytes.IndexByte(r.buffer[at:], '\n')
		if i < 0 {
			if len(r.buffer) > MaxHead {
				return nil, false, &ParseError{431, "http1.trailers_too_large"}
			}
			return nil, false, nil
		}
		empty := len(bytes.TrimRight(r.buffer[at:at+i], "\r")) == 0
		at += i + 1
		if !empty {
			continue
		}
		raw := r.buffer[:at]
		r.buffer = r.buffer[at:]
		first, rest := lines(raw)
		if first == "" {
			return nil, true, nil
		}
		m = header.New(header.Trailer)
		return m, true, addFields(m, append([]string{first}, rest...))
	}
}
