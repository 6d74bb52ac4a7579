package apikey

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/sha256"
)

var (
	// ErrUnknown says that no key has this hash.
	ErrUnknown = errors.New("apikey: unknown key")
	// ErrExpired says that the key was valid until its NotAfter.
	ErrExpired = errors.New("apikey: key has expired")
	// ErrNotYet says that the key is valid from its NotBefore.
	ErrNotYet = errors.New("apikey: key is not valid yet")
)

// KeyError says what is wrong with one of the keys given to NewRing.
type KeyError struct {
	Index int    // place in the slice
	Field string // name of the field in the policy
	Want  string // what to change
}

// Error implements error.
func (e *KeyError) Error() string {
	return "keys[" + strconv.Itoa(e.Index) + "]." + e.Field + ": " + e.Want
}

// Ring finds keys by credential. It never changes after NewRing.
type Ring struct {
	keys []Key
	// table is open-addressed: slot i holds 1 + the index of a key whose hash
	// starts near i, or 0. It is at most half full. Nobody can choose where a
	// SHA-256 falls without trying, so runs of taken slots stay short.
	table []uint32
	shift uint
}

// NewRing returns a Ring of keys, which it keeps: the caller must not change
// them any more. Every error is a *KeyError.
func NewRing(keys []Key) (*Ring, error) {
	log := max(1, bits.Len(uint(2*len(keys))))
	r := &Ring{keys: keys, table: make([]uint32, 1<<log), shift: 64 - uint(log)}
	for i := range keys {
		if err := check(&keys[i], i); err != nil {
			return nil, err
		}
		slot := r.slot(&keys[i].Hash)
		for r.table[slot] != 0 {
			if other := r.table[slot] - 1; keys[other].Hash == keys[i].Hash {
				return nil, &KeyError{i, "sha256", "the same key is already keys[" + strconv.Itoa(int(other)) + "]: remove one"}
			}
			slot = (slot + 1) & uint64(len(r.table)-1)
		}
		r.table[slot] = uint32(i + 1)
	}
	return r, nil
}

func check(k *Key, i int) error {
	switch {
	case k.Hash == [32]byte{}:
		return &KeyError{i, "sha256", "missing: give the SHA-256 of the key in 64 hexadecimal digits"}
	case k.User == "":
		return &KeyError{i, "user", "missing: say whose key it is"}
	case k.NotBefore < 0:
		return &KeyError{i, "not_before", "must not be before 1970"}
	case k.NotAfter < 0:
		return &KeyError{i, "not_after", "must not be before 1970"}
	case k.NotBefore != 0 && k.NotAfter != 0 && k.NotBefore >= k.NotAfter:
		return &KeyError{i, "not_after", "must be later than not_before"}
	}
	return nil
}

func (r *Ring) slot(hash *[32]byte) uint64 {
	return binary.BigEndian.Uint64(hash[:]) >> r.shift
}

// Find returns the key with this credential, compared in constant time, if it
// is valid at now; otherwise ErrUnknown, ErrExpired or ErrNotYet. The key must
// not be changed.
func (r *Ring) Find(credential string, now time.Time) (*Key, error) {
	hash := sha256.Sum256(credential)
	k := r.lookup(&hash)
	switch at := now.Unix(); {
	case k == nil:
		return nil, ErrUnknown
	case k.NotAfter != 0 && at >= k.NotAfter:
		return nil, ErrExpired
	case k.NotBefore != 0 && at < k.NotBefore:
		return nil, ErrNotYet
	}
	return k, nil
}

// lookup compares every key of the run in full, found or not.
func (r *Ring) lookup(hash *[32]byte) (found *Key) {
	if r.Len() == 0 {
		return nil
	}
	for slot := r.slot(hash); r.table[slot] != 0; slot = (slot + 1) & uint64(len(r.table)-1) {
		k := &r.keys[r.table[slot]-1]
		if subtle.ConstantTimeCompare(k.Hash[:], hash[:]) == 1 {
			found = k
		}
	}
	return found
}

// Len returns the number of keys.
func (r *Ring) Len() int {
	if r == nil {
		return 0
	}
	return len(r.keys)
}
