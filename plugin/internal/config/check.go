package config

import (
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/scan"
	"github.com/sparkward/sparkward/plugin/internal/sha256"
)

// Checks across fields, and the kinds that are made of other kinds.

var pathText = text("path", 256, pathPattern)

var path = kind{func(d *decoder, dst any) { pathText.read(d, (*string)(dst.(*Pattern))) }, pathText.shape}

var labels = kind{func(d *decoder, dst any) {
	var ps []pair
	labelPairs.read(d, &ps)
	for _, p := range ps {
		l := dst.(*[]apikey.Label)
		*l = append(*l, apikey.Label{Name: p.name, Value: p.value})
	}
}, labelPairs.shape}

var labelPairs = pairs(name, text("text", 128, labelText), 8)

// status is one HTTP status that is an error.
var status = kind{func(d *decoder, dst any) {
	s := dst.(*breaker.StatusRange)
	errorStatus.read(d, &s.First)
	s.Last = s.First
}, errorStatus.shape}

var errorStatus = integer(400, 599)

// defaultHeaders are put on every answer. The API serves no pages, so nothing
// may be loaded, framed or asked for in its name (OWASP REST security cheat sheet).
var defaultHeaders = [...]pair{
	{"content-security-policy", "default-src 'none'; frame-ancestors 'none'"},
	{"permissions-policy", "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"},
	{"referrer-policy", "no-referrer"},
	{"strict-transport-security", "max-age=31536000; includeSubDomains"},
	{"x-content-type-options", "nosniff"},
	{"x-frame-options", "DENY"},
}

// headers are the defaults with the policy's on top.
var headers = kind{func(d *decoder, dst any) {
	var ps []pair
	headerPairs.read(d, &ps)
	for _, p := range defaultHeaders {
		if !has(ps, p.name) {
			ps = append(ps, p)
		}
	}
	for _, p := range ps {
		if p.value != "" {
			h := dst.(*[][2]string)
			*h = append(*h, [2]string{p.name, p.value})
		}
	}
}, headerPairs.shape}

var headerPairs = pairs(responseHeader, text("header value", 4096, headerValue), 32)

func checkAuth(d *decoder, v any) {
	a := v.(*Auth)
	for i, h := range a.headers {
		scheme := ""
		if h == "authorization" {
			scheme = "Bearer"
		}
		for _, l := range a.Locations {
			if l.Header == h {
				d.add(d.member("headers")+index(i), "", "given twice: remove one of the two")
			}
		}
		a.Locations = append(a.Locations, apikey.Location{Header: h, Scheme: scheme})
	}
	if len(a.headers) == 0 {
		d.add(d.member("headers"), "no header", `at least one, for example ["authorization"]`)
	}
	a.classes = classesOf(a.keys)
	all := append(a.keys, a.masters...)
	ring, err := apikey.NewRing(all)
	bad, _ := err.(*apikey.KeyError)
	if bad != nil && !sameHash(d, all, len(a.keys)) {
		d.add(keyPath(d, bad.Index, len(a.keys))+"."+bad.Field, "", bad.Want)
	}
	a.Ring, a.keys, a.masters, a.headers = ring, nil, nil, nil
}

// keyPath returns the path of the i-th of all keys; those from masters on are master keys.
func keyPath(d *decoder, i, masters int) string {
	if i < masters {
		return d.member("keys") + index(i)
	}
	return d.member("master_keys") + index(i-masters)
}

// sameHash reports every key whose hash another one before it has.
func sameHash(d *decoder, keys []apikey.Key, masters int) (found bool) {
	first := make(map[[32]byte]int, len(keys))
	for i := range keys {
		if j, ok := first[keys[i].Hash]; ok {
			d.add(keyPath(d, i, masters)+".sha256", "", "the same key as "+keyPath(d, j, masters)+": remove one of the two")
			found = true
			continue
		}
		first[keys[i].Hash] = i
	}
	return found
}

func checkDates(d *decoder, v any) {
	k := v.(*apikey.Key)
	if k.NotAfter != 0 && k.NotBefore >= k.NotAfter {
		d.add(d.member("not_after"), "a time not after not_before", "a later one: the key would never be good")
	}
}

func checkMaster(d *decoder, v any) {
	k := v.(*apikey.Key)
	k.Master = true
	checkDates(d, k)
}

func checkLimit(d *decoder, v any) {
	l := v.(*Limit)
	switch {
	case l.Quota.Count > 0 && l.tokens.Count > 0:
		d.add(d.member("tokens"), "", "remove it, or requests: a limit counts one of the two")
		return
	case l.tokens.Count > 0:
		l.Quota, l.Tokens = l.tokens, true
	case l.Quota.Count == 0:
		d.add(d.member("requests"), "", `missing: add it, for example requests: "60/1m", or tokens`)
		return
	}
	l.Quota.Burst = l.burst
	if err := l.Quota.Validate(); err != nil {
		d.add(d.where(), "", err.Error())
	}
}

// checkInspection hands the exceptions to the scanner's settings and checks these.
func checkInspection(d *decoder, v any) {
	i := v.(*Inspection)
	for n := range i.Exceptions {
		e := &i.Exceptions[n]
		e.scan.Roles = 0
		for _, role := range e.roles {
			e.scan.Roles |= 1 << role
		}
		if e.action == 0 && len(e.scan.Disable) == 0 && e.scan.Preset == 0 && e.scan.Threshold == 0 {
			d.add(d.member("exceptions")+index(n), "", "it changes nothing: add disable, preset, threshold or action")
		}
		i.Scan.Exceptions = append(i.Scan.Exceptions, e.scan)
	}
	i.Scan.Check(func(at, got, want string) {
		if got == "" {
			want = "want " + want
		} else {
			got = quote(got)
		}
		d.add(d.where()+"."+at, got, want)
	})
}

func checkBreaker(d *decoder, v any) {
	b := v.(*Breaker)
	s := &b.Settings
	if s.ConsecutiveFailures == 0 && s.FailureRatePercent == 0 && s.SlowRatePercent == 0 {
		d.add(d.where(), "", "it could never open: set consecutive_failures, failure_rate or slow_rate above 0, or mode: off")
	}
	if s.MaxOpen < s.Open {
		d.add(d.member("max_open"), quote(formatDuration(s.MaxOpen)), "at least open, "+quote(formatDuration(s.Open)))
	} else if err := s.Validate(); err != nil {
		d.add(d.where(), "", err.Error())
	}
}

func checkEndpoints(d *decoder, v any) {
	e := v.(*Endpoints)
	if e.Prefix != "" && (e.Metrics == e.Prefix || e.Metrics == e.Prefix+"/health") {
		d.add(d.member("metrics"), quote(e.Metrics), "a path that is not one of prefix's own")
	}
}

// checkPolicy combines the modes and looks at what spans the policy.
func checkPolicy(d *decoder, v any) {
	c := v.(*Config)
	c.Auth.Mode = max(c.Auth.Mode, c.Mode)
	c.Size.Mode = max(c.Size.Mode, c.Mode)
	c.Inspection.Mode = max(c.Inspection.Mode, c.Mode)
	c.Cache.Mode = max(c.Cache.Mode, c.Mode)
	for i := range c.Limits {
		c.Limits[i].Mode = max(c.Limits[i].Mode, c.Mode)
		for j := range c.Limits[:i] {
			if c.Limits[i].Name == c.Limits[j].Name {
				d.add("limits"+index(i)+".name", quote(c.Limits[i].Name), "a name that limits"+index(j)+" does not have")
			}
		}
	}
	for i := range c.Breakers {
		c.Breakers[i].Mode = max(c.Breakers[i].Mode, c.Mode)
		for j := range c.Breakers[:i] {
			if c.Breakers[i].Cluster == c.Breakers[j].Cluster {
				d.add("breakers"+index(i)+".cluster", quote(c.Breakers[i].Cluster), "a cluster that breakers"+index(j)+" does not have")
			}
		}
	}
	checkUpstreams(d, c)
	for i, action := range c.Inspection.Roles {
		noSanitise(d, c, action, "inspection.roles."+scan.Role(i).String())
	}
	for i := range c.Inspection.Exceptions {
		if a := c.Inspection.Exceptions[i].action; a > 0 {
			noSanitise(d, c, Action(a-1), "inspection.exceptions"+index(i)+".action")
		}
	}
	for i := range c.Limits {
		if c.Limits[i].Tokens && c.Usage == NoUsage {
			d.add("usage", "off", "read, since limits"+index(i)+" counts tokens")
		}
	}
	c.Warnings = warnings(c)
	c.Auth.classes = nil
}

// noSanitise reports an action that header_mode: pass rules out.
func noSanitise(d *decoder, c *Config, a Action, at string) {
	if a == Sanitise && c.HeaderMode == Pass {
		d.add(at, "sanitise", "header_mode: hold, since a body that is sent on cannot be changed")
	}
}

// warnings names what is allowed but perhaps not meant.
func warnings(c *Config) []string {
	var w []string
	named := c.Auth.Ring.Len() > 0 || c.Auth.MTLS != NoMTLS || c.Auth.UserHeader != ""
	if !named && c.Auth.Default == Required && c.Auth.Mode != Off {
		w = append(w, "auth.keys: no keys, so every request that needs one is refused: add keys (\"sparkctl key new\" makes one), or set auth.default: public to let anyone call")
	}
	if c.Mode == Off {
		w = append(w, "mode: off, so nothing is checked at all")
	}
	if c.OnError == Allow {
		w = append(w, "on_error: allow, so a request is let through unchecked when the filter cannot decide")
	}
	return append(w, classWarnings(c)...)
}

// classWarnings finds classes that only keys or only limits have: most likely
// two spellings of one, and then a limit does not hold for whom it should.
func classWarnings(c *Config) (w []string) {
	limited := map[string]bool{}
	for i := range c.Limits {
		for j, class := range c.Limits[i].Classes {
			limited[class] = true
			if _, ok := c.Auth.classes[class]; !ok {
				w = append(w, "limits"+index(i)+".classes"+index(j)+": no key has the class "+quote(class))
			}
		}
	}
	for class, i := range c.Auth.classes {
		if len(limited) > 0 && !limited[class] {
			w = append(w, "auth.keys"+index(i)+".class: no limit names the class "+quote(class))
		}
	}
	for i := range w { // few; the library's sort is 11 KB of wasm
		for j := i; j > 0 && w[j] < w[j-1]; j-- {
			w[j], w[j-1] = w[j-1], w[j]
		}
	}
	return w[:min(len(w), maxErrors)]
}

// classesOf returns the classes of keys, each with the first key that has it.
func classesOf(keys []apikey.Key) map[string]int {
	classes := map[string]int{}
	last := ""
	for i := range keys {
		if class := keys[i].Class; class != last {
			if _, ok := classes[class]; !ok && class != "" {
				classes[class] = i
			}
			last = class
		}
	}
	return classes
}

// hashOf names a policy: equal texts have equal names.
func hashOf(json []byte) string {
	const hex = "0123456789abcdef"
	sum := sha256.Sum256(json)
	var b strings.Builder
	for _, x := range sum[:6] {
		b.WriteByte(hex[x>>4])
		b.WriteByte(hex[x&15])
	}
	return b.String()
}
