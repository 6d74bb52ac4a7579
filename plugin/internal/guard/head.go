package guard

import (
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/llm"
)

// read takes from the headers what later steps need: once they have gone on,
// the host no longer lets them be read.
func (r *Request) read(h fields, now time.Time) {
	r.started = now.UnixNano()
	r.id = h.get("x-request-id")
	r.method = h.get(":method")
	r.path, r.plain = config.PathOf(h.get(":path"))
	r.media = h.get("content-type")
	r.encoding = h.get("content-encoding")
	r.api = llm.Detect(r.method, r.path)
}

// checkHeaders refuses what the filter and the upstream could read
// differently, and what would never send a body's end.
func (r *Request) checkHeaders(h fields) *refusal {
	var f *refusal
	if name, found := h.duplicated(); found {
		f = refuse(DuplicateHeader, "the header "+name+" was sent more than once; send it once")
	} else if !r.plain {
		f = refuse(InvalidPath, "the path can be read in more than one way; send it without empty or dot segments and needless percent-encoding")
	} else if r.method == "CONNECT" || h.get("upgrade") != "" {
		f = refuse(Upgrade, "upgraded connections cannot be inspected; use plain HTTP requests")
	}
	return r.control(r.g.cfg.Mode, f)
}

// checkDeclaredSize refuses a body that is too large by its own declaration,
// before any of it is buffered.
func (r *Request) checkDeclaredSize(h fields) *refusal {
	text := h.get("content-length")
	if text == "" {
		return nil
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 {
		return r.control(r.g.cfg.Mode, refuse(InvalidHeader, "content-length is not a number of bytes; send the body's size"))
	}
	return r.checkSize(size)
}

// checkSize refuses a body of more than the policy's bytes.
func (r *Request) checkSize(size int64) *refusal {
	most := int64(r.g.cfg.Size.MaxBodyBytes)
	if size <= most {
		return nil
	}
	f := refuse(BodyTooLarge, "the request body is larger than "+strconv.FormatInt(most, 10)+" bytes; send less in one request")
	return r.control(r.g.cfg.Size.Mode, f)
}

// blindEdits are the removals among upstreamEdits, for a request whose headers
// could not be judged: whatever they are, the gateway's key does not go
// upstream, nor does a client's word for the filter's.
func (r *Request) blindEdits() []Edit {
	edits := []Edit{{Name: routeHeader, Remove: true}, {Name: callerHeader, Remove: true}, {Name: internal + "flag", Remove: true}}
	if r.g.cfg.Auth.Mode != config.Enforce {
		return edits
	}
	if name := r.g.cfg.Auth.UserHeader; name != "" {
		edits = append(edits, Edit{Name: name, Remove: true})
	}
	for _, l := range r.g.cfg.Auth.Locations {
		edits = append(edits, Edit{Name: l.Header, Remove: true})
	}
	return edits
}

// upstreamEdits are the changes to the request headers that the upstream sees:
// the gateway's key is taken off, and so are a client's copies of internal
// headers. Without enforced authentication the credential is not the
// gateway's and stays.
func (r *Request) upstreamEdits(h fields) []Edit {
	edits := r.g.edits[:0]
	if name := r.g.cfg.Auth.UserHeader; name != "" && r.g.cfg.Auth.Mode == config.Enforce {
		edits = append(edits, Edit{Name: name, Remove: true})
	}
	if r.g.cfg.Auth.Mode == config.Enforce || r.key != nil {
		for _, l := range r.g.cfg.Auth.Locations {
			if _, n := h.first(l.Header); n > 0 {
				edits = append(edits, Edit{Name: l.Header, Remove: true})
			}
		}
	}
	if r.readsUsage() && h.get("accept-encoding") != "" {
		edits = append(edits, Edit{Name: "accept-encoding", Remove: true})
	}
	edits = h.stripInternal(edits)
	if r.g.cfg.Usage == config.PublishUsage {
		edits = append(edits, Edit{Name: callerHeader, Value: r.caller()})
	}
	r.g.edits = edits
	return edits
}

// callerHeader tells later filters of the host who calls, with usage: publish.
const callerHeader = internal + "caller"

// caller names who calls so that no user can pass for an address.
func (r *Request) caller() string {
	if r.user == "" {
		return "address:" + r.address
	}
	return "user:" + r.user
}
