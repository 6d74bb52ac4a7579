package main

import (
	"math/rand/v2"
	"os"
	"runtime"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/sparkward/sparkward/plugin/internal/guard"
)

// host gives guard the proxy: shared data, statistics, log and randomness.
type host struct{}

func newHost() host { return host{} }

// Get reads shared data.
func (host) Get(key string) ([]byte, uint32, error) {
	value, cas, err := proxywasm.GetSharedData(key)
	if err == types.ErrorStatusNotFound {
		return nil, 0, guard.ErrAbsent
	}
	return value, cas, err
}

// Set writes shared data if it is unchanged since cas.
func (host) Set(key string, value []byte, cas uint32) error {
	err := proxywasm.SetSharedData(key, value, cas)
	if err == types.ErrorStatusCasMismatch {
		return guard.ErrMismatch
	}
	return err
}

// Random returns 64 random bits.
func (host) Random() uint64 { return rand.Uint64() }

// Env returns an environment variable of the VM.
func (host) Env(name string) string { return os.Getenv(name) }

// Memory returns the bytes that the VM's memory has grown to.
func (host) Memory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

// Log writes one line to Envoy's log.
func (host) Log(warn bool, line string) {
	if warn {
		proxywasm.LogWarn(line)
		return
	}
	proxywasm.LogInfo(line)
}
