// Package config turns a policy, as JSON, into a Config that cannot fail later.
// One table (table.go) says what a policy may hold: the decoder, the JSON
// Schema and the reference all come from it.
package config

import (
	"strconv"
	"unsafe"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// Mode says what a control does with its decision. The zero value enforces.
type Mode uint8

const (
	Enforce Mode = iota // act on it
	Shadow              // count and log what would have been done, change nothing
	Off                 // do not even decide
)

// HeaderMode says when request headers go upstream. It must fit the host's
// allow_on_headers_stop_iteration.
type HeaderMode uint8

const (
	Hold HeaderMode = iota // headers wait for the verdict on the body
	Pass                   // headers go on at once; a refused body resets the upstream request
)

// OnError is the answer to a request about which no decision can be made.
type OnError uint8

const (
	Refuse OnError = iota // 503 "undecided"
	Allow                 // let it pass, counted
)

// Access is what a path asks of its caller.
type Access uint8

const (
	Required Access = iota // a good key
	Optional               // no key, or a good one: a bad one is still refused
	Public                 // nothing; a bad key does not matter
)

// Usage says whether answers are looked through for the tokens they used.
type Usage uint8

const (
	ReadUsage    Usage = iota // for this filter
	PublishUsage              // for later filters of the host too
	NoUsage
)

// MTLS says what in a verified client certificate names a user.
type MTLS uint8

const (
	NoMTLS  MTLS = iota // nothing
	URISAN              // the first URI among the subject alternative names
	DNSSAN              // the first DNS name there
	Subject             // the subject
)

// By says who shares one budget.
type By uint8

const (
	ByCaller  By = iota // each user, or each address where there is no user
	ByUser              // each user; a request without one is not charged
	ByAddress           // each client address
	ByGlobal            // all callers together
)

// Action is what is done about a text in which something was found.
type Action uint8

const (
	Block    Action = iota // refuse the request
	Flag                   // let it pass, with a header for the upstream and an audit entry
	Skip                   // do not scan texts of this role ("off" in a policy)
	Sanitise               // as Flag, and take hidden characters out of the text
)

// Config is a policy that was checked. Every Mode in it is already combined
// with the policy's own mode: the weaker of the two.
type Config struct {
	Mode            Mode
	HeaderMode      HeaderMode
	OnError         OnError
	Auth            Auth
	Address         Address
	Limits          []Limit
	Size            Size
	Inspection      Inspection
	Breakers        []Breaker
	ResponseHeaders [][2]string // lower-case name and value, defaults included
	Cache           Cache
	Upstreams       []Upstream
	Usage           Usage
	Endpoints       Endpoints
	Warnings        []string // what is allowed but perhaps not meant, one line each
	Hash            string   // first 12 hexadecimal digits of the SHA-256 of the JSON
}

// Auth says who may call.
type Auth struct {
	Mode      Mode
	Default   Access     // for paths that Paths does not name
	Paths     []AuthPath // the first that matches decides
	Ring      *apikey.Ring
	Locations []apikey.Location

	MTLS       MTLS
	UserHeader string // lower case; "" for none

	keys    []apikey.Key
	masters []apikey.Key
	headers []string
	classes map[string]int // of keys, and the first that has it
}

// AuthPath is an exception to Auth.Default.
type AuthPath struct {
	Path    Pattern
	Methods []string // upper case; none means all
	Access  Access
}

// Address says which address a client is known by.
type Address struct {
	TrustedHops int // proxies before this one whose x-forwarded-for entry is believed
	IPv6Prefix  int // leading bits of an IPv6 address that stand for one client
}

// Limit is one request budget.
type Limit struct {
	Name    string
	Quota   limit.Quota
	Tokens  bool // the quota counts tokens, not requests
	By      By
	Paths   []Pattern // none means all
	Classes []string  // classes of key; none means all callers
	Mode    Mode

	MaxCompletion int64 // tokens reserved for an answer without a bound of its own

	tokens limit.Quota
	burst  int64
}

// MostBodyBytes is the most that max_body_bytes may be.
const MostBodyBytes = 64 << 20

// Size bounds a request.
type Size struct {
	Mode         Mode
	MaxBodyBytes int
	MaxTextChars int // of one text of role user, in Unicode code points
	MaxTexts     int
	MaxDepth     int // nesting of the JSON body
	Contexts     []Context
}

// Context is how many tokens a prompt for some models may have.
type Context struct {
	Model  string // a pattern as in apikey.Key
	Tokens int64
}

// Context returns how many tokens a prompt for model may have, 0 for any number.
func (s *Size) Context(model string) int64 {
	for i := range s.Contexts {
		if apikey.MatchModel(s.Contexts[i].Model, model) {
			return s.Contexts[i].Tokens
		}
	}
	return 0
}

// Inspection says what is scanned and what follows.
type Inspection struct {
	Mode       Mode
	Scan       scan.Settings
	Roles      Actions
	Exceptions []Exception // parallel to Scan.Exceptions
}

// Actions are what is done about a text, by scan.Role.
type Actions [scan.Document + 1]Action

// Exception says where other actions hold, and the exception of Inspection.Scan
// with the same index.
type Exception struct {
	Paths   []Pattern // none means all
	Methods []string  // upper case; none means all
	Users   []string  // none means all callers
	Classes []string  // of key; none means all callers

	roles  []uint8 // scan.Role
	scan   scan.Exception
	action uint8 // 0 for that of the policy, others are one more than an Action
}

// Breaker guards one upstream cluster.
type Breaker struct {
	Cluster  string // Envoy's cluster name
	Settings breaker.Settings
	Mode     Mode
}

// Endpoints says where the filter's own pages are. An empty path is not served.
type Endpoints struct {
	Prefix  string // such as /api/spark, without a slash at the end
	Metrics string // such as /api/metrics

	MetricsAuth Access // what the metrics ask of their reader
}

// maxPolicy bounds the policy, in bytes: 100,000 keys with some room.
const maxPolicy = 32 << 20

// Parse reads a policy from JSON. No bytes at all are the same as {}. The error
// joins one *Error for each thing that is wrong, at most twenty.
func Parse(json []byte) (*Config, error) {
	r := &report{}
	if len(json) > maxPolicy {
		r.add("policy", strconv.Itoa(len(json))+" bytes", "at most "+strconv.Itoa(maxPolicy)+" bytes")
		return nil, r.err()
	}
	// A view, not a copy: nothing of it is kept, and a large policy twice in
	// memory would stay there, because a wasm memory never shrinks.
	text := unsafe.String(unsafe.SliceData(json), len(json))
	d := &decoder{cursor: cursor{in: text}, report: r}
	if d.end() {
		d.cursor = cursor{in: "{}"}
	}
	if b := d.peek(); b != '{' && b != '[' && b != '"' {
		d.broken(`an object; "sparkctl lint -json" makes one from YAML`)
	}
	c := new(Config)
	policy.read(d, c)
	if d.fault == "" && !d.end() {
		d.broken("nothing after the policy")
	}
	if d.fault != "" {
		r.add(d.place(), "", "broken JSON: want "+d.fault)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	c.Hash = hashOf(json)
	return c, nil
}
