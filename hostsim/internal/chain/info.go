package chain

import (
	"crypto/tls"
	"strings"
	"time"
)

// Flags are Envoy's response flags, in the bits that the property response.flags shows.
type Flags uint64

// The flags that hostsim sets.
const (
	NoHealthyUpstream               Flags = 0x2
	UpstreamRequestTimeout          Flags = 0x4
	LocalReset                      Flags = 0x8
	UpstreamRemoteReset             Flags = 0x10
	UpstreamConnectionFailure       Flags = 0x20
	UpstreamConnectionTermination   Flags = 0x40
	UpstreamOverflow                Flags = 0x80
	NoRouteFound                    Flags = 0x100
	DownstreamConnectionTermination Flags = 0x4000
	StreamIdleTimeout               Flags = 0x10000
	DownstreamProtocolError         Flags = 0x40000
	UpstreamProtocolError           Flags = 0x800000
	NoClusterFound                  Flags = 0x1000000
	DownstreamRemoteReset           Flags = 0x10000000
)

var flagNames = []struct {
	flag Flags
	name string
}{
	{NoHealthyUpstream, "UH"}, {UpstreamRequestTimeout, "UT"}, {LocalReset, "LR"},
	{UpstreamRemoteReset, "UR"}, {UpstreamConnectionFailure, "UF"},
	{UpstreamConnectionTermination, "UC"}, {UpstreamOverflow, "UO"}, {NoRouteFound, "NR"},
	{DownstreamConnectionTermination, "DC"}, {StreamIdleTimeout, "SI"},
	{DownstreamProtocolError, "DPE"}, {UpstreamProtocolError, "UPE"}, {NoClusterFound, "NC"},
	{DownstreamRemoteReset, "DR"},
}

// String is what an access log shows for %RESPONSE_FLAGS%: short names joined by
// commas, or "-" for none.
func (f Flags) String() string {
	var names []string
	for _, known := range flagNames {
		if f&known.flag != 0 {
			names = append(names, known.name)
		}
	}
	if names == nil {
		return "-"
	}
	return strings.Join(names, ",")
}

// Info is what is known of one stream: Envoy's stream info.
type Info struct {
	Protocol         string // HTTP/1.1 or HTTP/2
	Remote, Local    string // addresses of the downstream connection, with port
	ConnectionID     uint64
	TLS              *tls.ConnectionState // of the downstream connection, nil in clear text
	Start            time.Time
	Elapsed          time.Duration // from start to end, once Over
	Over             bool
	RequestBytes     uint64 // body bytes received from the client
	ResponseBytes    uint64 // body bytes sent to the client
	ResponseCode     int    // 0 until there is one
	Details          string
	HasDetails       bool // they may be empty
	Flags            Flags
	State            map[string]Object // filter state
	RouteName        string
	HasRoute         bool
	VirtualHost      string
	ClusterName      string // of the chosen route; "" for none
	UpstreamAddress  string // of the host that was picked
	UpstreamLocal    string // our end of the upstream connection
	UpstreamFailure  string // why the transport failed
	Attempts         uint64
	UpstreamDuration time.Duration // first byte sent to last byte received; 0 until both
	PoolReady        time.Duration // waiting for an upstream connection; 0 until there is one
}

// SetDetails sets the response code details.
func (i *Info) SetDetails(details string) { i.Details, i.HasDetails = details, true }

// Object is one value in the filter state.
type Object struct {
	Value []byte
	// CEL marks a value that a wasm filter set as a property; others are Envoy's own objects.
	CEL bool
	// ReadOnly values are set once.
	ReadOnly bool
}

// SetState puts a value into the filter state.
func (i *Info) SetState(name string, object Object) {
	if i.State == nil {
		i.State = map[string]Object{}
	}
	i.State[name] = object
}
