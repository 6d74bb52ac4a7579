package localreply

import (
	"slices"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// Rewrite does to an answer what Envoy's LocalReply and prepareLocalReply do: the
// first mapper that fits changes it, and the format makes its body.
func (r *Rules) Rewrite(reply *Reply, v View) {
	before, wasType := reply.Body, reply.typed()
	c := &context{View: v, reply: reply}
	chosen := &r.format
	for i := range r.mappers {
		if m := &r.mappers[i]; m.fits(reply.Status, v) {
			m.apply(c)
			if m.format != nil {
				chosen = m.format
			}
			break
		}
	}
	reply.Body, reply.Type = chosen.make(c), chosen.contentType
	if now := reply.typed(); now == wasType && reply.Body != before {
		reply.retype(reply.Type)
	}
}

func (m *mapper) apply(c *context) {
	if m.body != nil {
		c.reply.Body = *m.body
	}
	m.addHeaders(c)
	if m.status != 0 {
		c.reply.Status = m.status
	}
}

// addHeaders adds those of the mapper as Envoy does: all look at the answer as it
// was, and those that overwrite come first. One without a value is left out, unless
// it is to be kept.
func (m *mapper) addHeaders(c *context) {
	var first, then []header.Field
	for _, a := range m.headers {
		value := a.value.expand(c, "")
		_, there := c.reply.header(a.name)
		field := header.Field{Name: strings.ToLower(a.name), Value: value}
		switch {
		case value == "" && !a.keepEmpty, a.action == addIfAbsent && there, a.action == overwriteOld && !there:
		case a.action == overwrite || a.action == overwriteOld:
			first = append(first, field)
		default:
			then = append(then, field)
		}
	}
	for _, f := range first {
		c.reply.remove(f.Name)
		c.reply.Headers = append(c.reply.Headers, f)
	}
	c.reply.Headers = append(c.reply.Headers, then...)
}

func (r *Reply) typed() string {
	value, _ := r.header("content-type")
	return value
}

func (r *Reply) header(name string) (string, bool) {
	for _, f := range r.Headers {
		if strings.EqualFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}

func (r *Reply) retype(value string) {
	for i, f := range r.Headers {
		if strings.EqualFold(f.Name, "content-type") {
			r.Headers[i].Value = value
		}
	}
}

func (r *Reply) remove(name string) {
	r.Headers = slices.DeleteFunc(r.Headers, func(f header.Field) bool { return strings.EqualFold(f.Name, name) })
}
