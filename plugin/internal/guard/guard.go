// Package guard tells the story of one request in order: which call it is,
// who makes it, how much is left of the caller's budget, what the texts hold,
// whether the upstream is well. It decides; the edge turns what it decides
// into host calls.
package guard

import (
	"encoding/binary"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/kv"
	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/metric"
	"github.com/sparkward/sparkward/plugin/internal/respcache"
	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// Host is what the proxy gives to all requests of a worker.
type Host interface {
	kv.Store
	metric.Host
	// Env returns an environment variable of the VM, or "".
	Env(name string) string
	// Memory returns the bytes that the VM's memory has grown to.
	Memory() int64
	// Random returns 64 random bits.
	Random() uint64
	// Log writes one line; it never holds a key or any prompt text.
	Log(warn bool, line string)
}

// What a Host's shared data answers when there is no value, and when another
// worker was faster.
var (
	ErrAbsent   = kv.ErrAbsent
	ErrMismatch = kv.ErrMismatch
)

// Guard is one policy at work in one VM. It is not safe for concurrent use: a
// VM runs one callback at a time, which is also why the parse and scan results
// can be reused from request to request.
type Guard struct {
	cfg      *config.Config
	host     Host
	limits   *limit.Table
	breakers []*breaker.Breaker // parallel to cfg.Breakers
	scanner  *scan.Scanner
	metrics  *metric.Set
	started  int64 // Unix nanoseconds; a time.Time would keep all of its methods in the module

	credentials []string // parallel to cfg.Upstreams, "" for none

	seed    limit.Seed
	windows []limit.Window // parallel to cfg.Limits
	order   []int          // of cfg.Limits: those whose budgets share a bucket together
	charges []limit.Charge
	rules   []*config.Limit // parallel to charges

	corruptLimits, corruptBreakers, corruptCache uint64 // values counted so far

	cache  *respcache.Cache // nil without one
	hasher *respcache.Hasher
	parked int        // requests that wait for the answer to another
	flying []*Request // those whose answer others may wait for
	memo   *memo

	// Reused from call to call: each is done with when the edge has applied
	// the verdict.
	readers  []*llm.UsageReader
	parsed   llm.Request
	inputs   []scan.Input
	report   scan.Report
	edits    []Edit
	inflated []byte
	line     []byte
	parts    []string
}

// New puts a policy to work. It defines the metrics, which needs the host, so
// it must not be called before the plugin starts.
func New(cfg *config.Config, host Host, now time.Time) (*Guard, error) {
	scanner, err := scan.New(cfg.Inspection.Scan)
	if err != nil {
		return nil, err
	}
	g := &Guard{
		cfg:     cfg,
		host:    host,
		limits:  limit.NewTable(host, "requests", limit.MaxBuckets),
		scanner: scanner,
		metrics: metric.New(host, labels(cfg)),
		started: now.UnixNano(),
	}
	for _, b := range cfg.Breakers {
		g.breakers = append(g.breakers, breaker.New(host, b.Cluster, b.Settings, host.Random))
	}
	if len(cfg.Cache.Paths) > 0 {
		g.cache, g.hasher, g.memo = respcache.New(host, cfg.Cache.Settings), respcache.NewHasher(), new(memo)
	}
	if g.credentials, err = readCredentials(cfg, host); err != nil {
		return nil, err
	}
	if g.seed, err = limit.SharedSeed(host, freshSeed(host)); err != nil {
		return nil, err
	}
	var names []string
	for i := range cfg.Limits {
		names = append(names, cfg.Limits[i].Name)
	}
	g.windows = limit.Windows(g.seed, names)
	g.order = limit.Order(g.windows)
	g.metrics.Inc(metric.PolicyLoads, "")
	return g, nil
}

func freshSeed(host Host) (seed limit.Seed) {
	binary.LittleEndian.PutUint64(seed[:8], host.Random())
	binary.LittleEndian.PutUint64(seed[8:], host.Random())
	return seed
}

// labels are the closed sets of label values: none comes from a request.
func labels(cfg *config.Config) map[metric.ID][]string {
	var clusters []string
	for _, b := range cfg.Breakers {
		clusters = append(clusters, b.Cluster)
	}
	return map[metric.ID][]string{
		metric.Requests:       {decisionAllowed, decisionRefused, decisionCached, decisionOwn, decisionProxy},
		metric.Refused:        Reasons(),
		metric.WouldRefuse:    Reasons(),
		metric.Undecided:      causes[:],
		metric.Findings:       scan.Categories(),
		metric.BreakerState:   clusters,
		metric.BreakerChanges: clusters,
		metric.Cache:          {cacheHit, cacheMiss, cacheBypass},
		metric.CacheStored:    storeResults[:],
		metric.Tokens:         {"input", "output"},
		metric.Corrupt:        {"limit", "breaker", "cache"},
	}
}

// storeResults are what can become of an answer offered to the cache.
var storeResults = [...]string{"stored", string(respcache.Status), string(respcache.Encoding), string(respcache.MediaType), string(respcache.Truncated),
	string(respcache.Failed), string(respcache.Directive), string(respcache.TooLarge), string(respcache.Purged), string(respcache.Contended)}

// breakerFor returns the breaker of a cluster and its policy, or nil.
func (g *Guard) breakerFor(cluster string) (*breaker.Breaker, *config.Breaker) {
	for i := range g.cfg.Breakers {
		if g.cfg.Breakers[i].Cluster == cluster {
			return g.breakers[i], &g.cfg.Breakers[i]
		}
	}
	return nil, nil
}
