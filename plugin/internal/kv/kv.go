// Package kv is the shared state of all workers: a Store of small values and
// the one compare-and-swap loop that changes them.
package kv

import "errors"

// CreateIfAbsent as cas makes Set succeed only where the key is absent. Envoy
// counts cas values up from 1 and accepts any of them for an absent key, so
// this one, which it reaches after four thousand million writes, never fits a
// present one.
const CreateIfAbsent uint32 = 0xFFFFFFFF

// maxAttempts bounds Update. Each lost race means that another worker won one,
// so only a store that is written far more often than workers exist loses this
// many in a row; at about 1 µs an attempt the worst case is 0.1 ms.
const maxAttempts = 100

var (
	// ErrAbsent says that a key has no value.
	ErrAbsent = errors.New("kv: no such key")
	// ErrMismatch says that another writer came first: read again and retry.
	ErrMismatch = errors.New("kv: value was changed by another worker")
	// ErrContended says that Update lost every race it was allowed to run.
	// Nothing was written.
	ErrContended = errors.New("kv: gave up after too many lost races")
)

// Store holds values that all workers of a proxy share. Its rules are those of
// Envoy's shared data.
type Store interface {
	// Get returns a copy of the value, which the caller may edit, and its cas,
	// which is never 0; or ErrAbsent. The copy is good until the next Get.
	Get(key string) (value []byte, cas uint32, err error)
	// Set stores a copy of value if cas is that of the present value, if cas is
	// 0, or if the key is absent. Otherwise it returns ErrMismatch.
	Set(key string, value []byte, cas uint32) error
}

// Update changes the value of key by compare and swap. fn gets a copy of the
// value that it may edit and return, nil where the key is absent, and returns
// the new value; nil leaves the old one as it is. fn runs again after each lost
// race. An error of fn ends the loop, writes nothing and is returned, as is any
// error of the store but a lost race. ErrContended follows 100 lost races.
func Update(s Store, key string, fn func(old []byte) ([]byte, error)) error {
	for range maxAttempts {
		old, cas, err := s.Get(key)
		if err == ErrAbsent {
			old, cas = nil, CreateIfAbsent
		} else if err != nil {
			return err
		}
		value, err := fn(old)
		if err != nil || value == nil {
			return err
		}
		if err = s.Set(key, value, cas); err != ErrMismatch {
			return err
		}
	}
	return ErrContended
}
