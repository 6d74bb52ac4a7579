package guard

import (
	"errors"
	"strings"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// ownEndpoint answers a request to one of the filter's own paths. Whoever
// shows no master key learns that the filter lives, and no more.
func (r *Request) ownEndpoint(h fields, now time.Time) (*Reply, bool) {
	e := &r.g.cfg.Endpoints
	rest, under := strings.CutPrefix(r.path, e.Prefix)
	under = under && e.Prefix != "" && (rest == "" || rest[0] == '/')
	metrics := e.Metrics != "" && r.path == e.Metrics
	if !under && !metrics {
		return nil, false
	}
	reply, f := r.own(h, rest, metrics, now)
	if f != nil {
		r.g.metrics.Inc(metric.Refused, string(f.reason))
		r.audit.reason = string(f.reason)
		reply = f.reply(r.api.Family(), r.id)
	}
	return reply, true
}

// own answers one endpoint: the metrics, or what stands under the prefix.
func (r *Request) own(h fields, rest string, metrics bool, now time.Time) (*Reply, *refusal) {
	if name, found := h.duplicated(); found {
		return nil, refuse(DuplicateHeader, "the header "+name+" was sent more than once; send it once")
	}
	isOrder := !metrics && (strings.HasPrefix(rest, breakerOrders) || strings.HasPrefix(rest, purgeOrder))
	if f := r.allowMethod(isOrder); f != nil {
		return nil, f
	}
	access := r.g.cfg.Endpoints.MetricsAuth
	if metrics && access == config.Public {
		return r.g.metricsPage(), nil
	}
	master, f := r.masterKey(h, now)
	switch {
	case f != nil:
		return nil, f
	case metrics && !master && access == config.Required:
		return nil, refuse(MissingKey, "metrics need a master key; send one as Authorization: Bearer <key>, or set endpoints.metrics_auth in the policy")
	case metrics:
		return r.g.metricsPage(), nil
	case rest == "/health":
		return ownReply("application/json", r.g.health(master, now)), nil
	case isOrder && !master:
		return nil, refuse(MissingKey, "this endpoint needs a master key; send one as Authorization: Bearer <key>")
	case isOrder:
		return r.order(rest, now)
	}
	return nil, refuse(NotFound, "there is no such endpoint; try "+r.g.cfg.Endpoints.Prefix+"/health")
}

// allowMethod lets orders be posted and everything else be read.
func (r *Request) allowMethod(order bool) *refusal {
	allow := "GET, HEAD"
	switch {
	case order && r.method == "POST", !order && (r.method == "GET" || r.method == "HEAD"):
		return nil
	case order:
		allow = "POST"
	}
	f := refuse(MethodNotAllowed, "this endpoint only takes "+allow)
	f.headers = [][2]string{{"allow", allow}}
	return f
}

// masterKey says whether a master key was sent. No key at all is no error; a
// wrong one is, so that a mistyped key is not taken for none.
func (r *Request) masterKey(h fields, now time.Time) (bool, *refusal) {
	key, err := r.findKey(h, now)
	switch {
	case errors.Is(err, apikey.ErrNone):
		return false, nil
	case err != nil:
		return false, credentialRefusal(err)
	case !key.Master:
		return false, refuse(PermissionDenied, "this endpoint needs a master key, not a user's")
	}
	r.user = key.User
	return true, nil
}

func (g *Guard) metricsPage() *Reply {
	return ownReply("text/plain; version=0.0.4; charset=utf-8", g.metrics.AppendText(nil))
}

func ownReply(media string, body []byte) *Reply {
	return &Reply{
		Status:  200,
		Headers: [][2]string{{"content-type", media}, {"cache-control", "no-store"}},
		Body:    body,
	}
}
