// Package respcache keeps answers of language models in shared data, so that
// the same question of the same tenant need not be asked twice.
package respcache

import (
	"encoding/binary"
	"errors"

	"github.com/sparkward/sparkward/plugin/internal/sha256"
)

// MaxRequest is the longest request body that is cached, in bytes.
const MaxRequest = 256 << 10

var (
	// ErrBody says that a body has no key: it is no JSON in UTF-8, has a name
	// twice in one object, or is too long, too deep or too wide.
	ErrBody = errors.New("respcache: the body has no canonical form")
	// ErrState says that the answer depends on more than the request: it refers
	// to what the provider keeps of earlier ones.
	ErrState = errors.New("respcache: the answer depends on state at the provider")
)

// Key names an answer: the SHA-256 of all that decides it.
type Key [sha256.Size]byte

// Hasher makes keys. It reuses its memory and is not safe for concurrent use.
type Hasher struct {
	canon    canon
	text     []byte
	stateful bool
}

// NewHasher returns a Hasher.
func NewHasher() *Hasher {
	h := new(Hasher)
	h.canon.top = h.member
	return h
}

// Key returns the key of a request: its tenant, what else decides the answer,
// such as the API, the path with its query, the upstream and the headers that
// choose a version, and its JSON body. The order of members, white space and
// the spelling of numbers and strings in the body do not matter. The error is
// ErrBody or ErrState; either means that the request cannot be cached.
func (h *Hasher) Key(tenant string, decides []string, body []byte) (Key, error) {
	h.stateful = false
	if len(body) > MaxRequest {
		return Key{}, ErrBody
	}
	text, err := h.canon.write(body)
	if err != nil {
		return Key{}, ErrBody
	}
	if h.stateful {
		return Key{}, ErrState
	}
	h.text = appendPart(h.text[:0], tenant)
	for _, part := range decides {
		h.text = appendPart(h.text, part)
	}
	h.text = append(h.text, text...)
	return sha256.Sum256(h.text), nil
}

// member looks for members of a request's top level that tie it to the
// provider's state: OpenAI's Responses API has "background", "conversation" and
// "previous_response_id", Anthropic's code execution "container".
func (h *Hasher) member(name, value []byte) {
	switch string(name) {
	case `"background"`, `"container"`, `"conversation"`, `"previous_response_id"`:
		h.stateful = h.stateful || string(value) != "null" && string(value) != "false"
	}
}

// appendPart writes the length first, so that no two lists of parts are one
// text. Lengths begin with a 0 byte, the body after them never does.
func appendPart(text []byte, part string) []byte {
	text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
	return append(text, part...)
}
