package guard

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/config"
)

// identify finds out who calls. A request may go on with a key, or without
// one where the path asks for none; it is then known by its address.
func (r *Request) identify(h fields, now time.Time) *refusal {
	auth := &r.g.cfg.Auth
	if auth.Mode == config.Off {
		r.useAddress(h)
		return nil
	}
	need := r.access()
	key, err := r.findKey(h, now)
	switch {
	case err == nil:
		r.useKey(key, h)
	case errors.Is(err, apikey.ErrNone) && r.useOutside(h):
		return nil
	case need == config.Public, need == config.Optional && errors.Is(err, apikey.ErrNone):
		r.useAddress(h)
		return nil
	default:
		r.useAddress(h)
		return r.control(auth.Mode, credentialRefusal(err))
	}
	if !key.Master && !allowsPath(key, r.path) {
		return r.control(auth.Mode, refuse(PermissionDenied, "this API key may not call "+r.path+"; use a path that its policy allows"))
	}
	return nil
}

// access is what the policy asks of a caller of this path.
func (r *Request) access() config.Access {
	auth := &r.g.cfg.Auth
	for i := range auth.Paths {
		if auth.Paths[i].Match(r.method, r.path) {
			return auth.Paths[i].Access
		}
	}
	return auth.Default
}

// allowsPath says whether a key may call a path. Without a list it may call any.
func allowsPath(key *apikey.Key, path string) bool {
	return len(key.Paths) == 0 || slices.ContainsFunc(key.Paths, func(p string) bool { return config.Pattern(p).Match(path) })
}

// findKey reads the credential and looks it up.
func (r *Request) findKey(h fields, now time.Time) (*apikey.Key, error) {
	auth := &r.g.cfg.Auth
	credential, err := apikey.Extract(auth.Locations, h)
	if err != nil {
		return nil, err
	}
	return auth.Ring.Find(credential, now)
}

// credentialRefusal turns a failed look-up into words. It never repeats the
// credential.
func credentialRefusal(err error) *refusal {
	switch {
	case errors.Is(err, apikey.ErrNone):
		return refuse(MissingKey, "no API key was sent; send yours as Authorization: Bearer <key>")
	case errors.Is(err, apikey.ErrDuplicate):
		return refuse(DuplicateHeader, "more than one API key was sent; send one, in one header")
	case errors.Is(err, apikey.ErrExpired):
		return refuse(ExpiredKey, "this API key has expired; ask for a new one")
	case errors.Is(err, apikey.ErrNotYet):
		return refuse(InvalidKey, "this API key is not valid yet; use it from its start date")
	case errors.Is(err, apikey.ErrEmpty):
		return refuse(MissingKey, "the API key is empty; send yours as Authorization: Bearer <key>")
	case errors.Is(err, apikey.ErrUnknown):
		return refuse(InvalidKey, "this API key is not known; check it for typing errors, or ask for a new one")
	}
	return refuse(InvalidKey, "the API key could not be read; send it as Authorization: Bearer <key>")
}

// useKey makes the key's user the caller. The address is still needed where a
// limit is by address.
func (r *Request) useKey(key *apikey.Key, h fields) {
	r.key, r.user = key, key.User
	r.addressForLimits(h)
}

// useOutside makes somebody the caller whom the host has identified: by a
// client certificate that it verified, or in a header of an earlier filter. It
// says whether there is one.
func (r *Request) useOutside(h fields) bool {
	auth := &r.g.cfg.Auth
	switch name, n := h.first(auth.UserHeader); {
	case auth.MTLS != config.NoMTLS && r.certificateUser() != "":
		r.user = r.certificateUser()
	case auth.UserHeader != "" && n == 1 && usableName(name):
		r.user = name
	default:
		return false
	}
	r.addressForLimits(h)
	return true
}

// certificateUser is the name in the client certificate, or "" when the host
// has not verified one.
func (r *Request) certificateUser() string {
	if r.stream.Property("connection", "mtls") != "\x01" {
		return ""
	}
	name := r.stream.Property("connection", certificateProperties[r.g.cfg.Auth.MTLS])
	if !usableName(name) {
		return ""
	}
	return name
}

var certificateProperties = [...]string{
	config.URISAN:  "uri_san_peer_certificate",
	config.DNSSAN:  "dns_san_peer_certificate",
	config.Subject: "subject_peer_certificate",
}

// maxName is the longest user name taken from outside, in bytes: it goes into
// audit lines.
const maxName = 256

// usableName says whether a name from outside may stand for a user.
func usableName(name string) bool {
	return name != "" && len(name) <= maxName && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// addressForLimits looks the address up for a known user where a limit needs it.
func (r *Request) addressForLimits(h fields) {
	if slices.ContainsFunc(r.g.cfg.Limits, func(l config.Limit) bool { return l.By == config.ByAddress }) {
		r.useAddress(h)
	}
}

// useAddress makes the client's address the caller.
func (r *Request) useAddress(h fields) {
	var forwarded []string
	for i := range h {
		if h[i][0] == "x-forwarded-for" {
			forwarded = append(forwarded, h[i][1])
		}
	}
	a := r.g.cfg.Address
	r.address = clientAddress(r.stream.Property("source", "address"), forwarded, a.TrustedHops, a.IPv6Prefix)
}
