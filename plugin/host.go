package main

import (
	"math/rand/v2"
	"os"
	"runtime"
)

// host gives guard the proxy: shared data, statistics, log and randomness.
type host struct{}

func newHost() host { return host{} }

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
	level := logInfo
	if warn {
		level = logWarn
	}
	writeLog(level, line)
}
