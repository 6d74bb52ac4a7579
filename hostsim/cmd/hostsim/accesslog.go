package main

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

// logLine is one request in the access log.
type logLine struct {
	Time       time.Time         `json:"time"`
	Method     string            `json:"method"`
	Path       string            `json:"path"` // without the query, which may hold a secret
	Protocol   string            `json:"protocol"`
	Status     int               `json:"status"`
	Details    string            `json:"details"`
	Flags      string            `json:"flags"`
	Cluster    string            `json:"cluster,omitempty"`
	Received   uint64            `json:"bytes_received"`
	Sent       uint64            `json:"bytes_sent"`
	DurationMS int64             `json:"duration_ms"`
	State      map[string]string `json:"filter_state,omitempty"`
}

// accessLog returns a log that prints each request as one line of JSON.
func accessLog(output io.Writer) func(hostsim.Entry) {
	var mu sync.Mutex
	encoder := json.NewEncoder(output)
	return func(e hostsim.Entry) {
		path, _, _ := strings.Cut(e.Path, "?")
		mu.Lock()
		defer mu.Unlock()
		// A closed standard output is no reason to stop serving.
		_ = encoder.Encode(logLine{e.Start, e.Method, path, e.Protocol, e.Code, e.CodeDetails, e.Flags,
			e.Cluster, e.BytesReceived, e.BytesSent, e.Duration.Milliseconds(), e.FilterState})
	}
}
