package guard

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// Version is the filter's version, set at link time.
var Version = "dev"

// ownEndpoint answers a request to one of the filter's own paths. They are
// read-only; whoever shows no master key learns that the filter lives, and no
// more.
func (r *Request) ownEndpoint(h fields, now time.Time) (*Reply, bool) {
	e := &r.g.cfg.Endpoints
	metrics := e.Metrics != "" && r.path == e.Metrics
	rest, under := strings.CutPrefix(r.path, e.Prefix)
	if under = under && e.Prefix != "" && (rest == "" || rest[0] == '/'); !under && !metrics {
		return nil, false
	}
	if name, found := h.duplicated(); found {
		return r.ownRefusal(refuse(DuplicateHeader, "the header "+name+" was sent more than once; send it once")), true
	}
	if r.method != "GET" && r.method != "HEAD" {
		f := refuse(MethodNotAllowed, "this endpoint only answers GET and HEAD")
		f.headers = [][2]string{{"allow", "GET, HEAD"}}
		return r.ownRefusal(f), true
	}
	if metrics && e.MetricsAuth == config.Public {
		return r.g.metricsPage(), true
	}
	master, f := r.masterKey(h, now)
	switch {
	case f != nil:
		return r.ownRefusal(f), true
	case metrics && !master && e.MetricsAuth == config.Required:
		return r.ownRefusal(refuse(MissingKey, "metrics need a master key; send one as Authorization: Bearer <key>, or set endpoints.metrics_auth in the policy")), true
	case metrics:
		return r.g.metricsPage(), true
	case rest == "/health":
		return ownReply("application/json", r.g.health(master, now)), true
	}
	return r.ownRefusal(refuse(NotFound, "there is no such endpoint; try "+e.Prefix+"/health")), true
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

func (r *Request) ownRefusal(f *refusal) *Reply {
	r.g.metrics.Inc(metric.Refused, string(f.reason))
	r.audit.reason = string(f.reason)
	return f.reply(r.api.Family(), r.id)
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

// health writes the state of this filter: one word for everyone, the details
// for a master key.
func (g *Guard) health(details bool, now time.Time) []byte {
	b := []byte(`{"status":"ok"`)
	if !details {
		return append(b, '}')
	}
	b = appendField(b, `,"version":`, Version)
	b = appendField(b, `,"policy":`, g.cfg.Hash)
	b = appendNumber(b, `,"uptime_seconds":`, int64(since(g.started, now)/time.Second))
	b = appendNumber(b, `,"memory_bytes":`, g.host.Memory())
	b = appendNumber(b, `,"keys":`, int64(g.cfg.Auth.Ring.Len()))
	b = appendNumber(b, `,"panics":`, int64(g.metrics.Get(metric.Panics, "")))
	b = append(b, `,"breakers":[`...)
	for i := range g.cfg.Breakers {
		if i > 0 {
			b = append(b, ',')
		}
		b = g.appendBreaker(b, i, now)
	}
	return append(b, "]}"...)
}

func (g *Guard) appendBreaker(b []byte, i int, now time.Time) []byte {
	b = appendField(b, `{"cluster":`, g.cfg.Breakers[i].Cluster)
	status, err := g.breakers[i].Peek(now)
	if err != nil {
		return append(b, `,"state":"unknown"}`...)
	}
	b = appendField(b, `,"state":`, status.State.String())
	return append(b, '}')
}

func appendNumber(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(b, key...), n, 10)
}
