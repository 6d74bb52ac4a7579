package guard

import (
	"strings"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/breaker"
)

// What an operator can order, below the endpoints' prefix.
const (
	breakerOrders = "/breakers/"   // <cluster>/open, /close or /auto
	purgeOrder    = "/cache/purge" // of everybody, or /<user>
)

// overrides are the last part of a breaker's path and what they mean.
var overrides = map[string]breaker.Override{
	"open": breaker.ForceOpen, "close": breaker.ForceClosed, "auto": breaker.Automatic,
}

// order carries out an operator's order.
func (r *Request) order(path string, now time.Time) (*Reply, *refusal) {
	if rest, found := strings.CutPrefix(path, breakerOrders); found {
		return r.orderBreaker(rest, now)
	}
	return r.purge(strings.TrimPrefix(path, purgeOrder), now)
}

func (r *Request) orderBreaker(path string, now time.Time) (*Reply, *refusal) {
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 {
		return nil, refuse(NotFound, "end the path with <cluster>/open, <cluster>/close or <cluster>/auto")
	}
	override, known := overrides[path[slash+1:]]
	for i := range r.g.cfg.Breakers {
		if !known || r.g.cfg.Breakers[i].Cluster != path[:slash] {
			continue
		}
		change, err := r.g.breakers[i].Order(override, now)
		if err != nil {
			return nil, refuse(Undecided, "the breaker is being changed by many at once; try again")
		}
		r.g.noteChange(path[:slash], change)
		return ownReply("application/json", r.g.appendBreaker(nil, i, now)), nil
	}
	return nil, refuse(NotFound, "there is no such breaker or order; end the path with <cluster>/open, <cluster>/close or <cluster>/auto, for a cluster that has a breaker in the policy")
}

// purge drops the stored answers of everybody, or of one user: path is empty
// or /<user>.
func (r *Request) purge(path string, now time.Time) (*Reply, *refusal) {
	if r.g.cache == nil {
		return nil, refuse(NotFound, "the policy has no cache; give it cache.paths")
	}
	var dropped int
	var err error
	switch user, one := strings.CutPrefix(path, "/"); {
	case path == "":
		dropped, err = r.g.cache.PurgeAll(now)
	case one && user != "":
		dropped, err = r.g.cache.Purge("user:"+user, now)
	default:
		return nil, refuse(NotFound, "end the path with /cache/purge, or with /cache/purge/<user>")
	}
	if err != nil {
		return nil, refuse(Undecided, "the cache is being changed by many at once and some answers may be left; try again")
	}
	return ownReply("application/json", append(appendNumber(nil, `{"dropped":`, int64(dropped)), '}')), nil
}
