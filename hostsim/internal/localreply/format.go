package localreply

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// formatConfig is a SubstitutionFormatString.
type formatConfig struct {
	Text   *string         `json:"text_format"`
	Source *source         `json:"text_format_source"`
	JSON   *map[string]any `json:"json_format"`
	Type   string          `json:"content_type"`
}

// format makes the body of an answer.
type format struct {
	text        template
	json        any // as JSON has it, each text a template; nil for none
	contentType string
}

// plainFormat is Envoy's if there is no other: the body stays.
var plainFormat = format{text: template{{operator: "LOCAL_REPLY_BODY"}}, contentType: "text/plain"}

func (c *formatConfig) compile() (f format, err error) {
	f.contentType = "text/plain"
	switch {
	case c.JSON != nil:
		f.contentType = "application/json"
		f.json, err = compileJSON(*c.JSON)
	case c.Text != nil:
		f.text, err = parseTemplate(*c.Text)
	case c.Source != nil:
		f.text, err = parseTemplate(c.Source.Text)
	default:
		err = errors.New("a text_format, text_format_source or json_format is missing")
	}
	if c.Type != "" {
		f.contentType = c.Type
	}
	return f, err
}

func compileJSON(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			made, err := compileJSON(member)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out[name] = made
		}
		return out, nil
	case []any:
		out := []any{}
		for _, item := range v {
			made, err := compileJSON(item)
			if err != nil {
				return nil, err
			}
			out = append(out, made)
		}
		return out, nil
	case string:
		return parseTemplate(v)
	}
	return v, nil
}

// make writes the body. JSON has its members by name and a line's end.
func (f *format) make(c *context) string {
	if f.json == nil {
		return f.text.expand(c, "-")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(fill(f.json, c)); err != nil {
		panic(err) // what JSON was read from can be written
	}
	return b.String()
}

// fill puts values in the place of templates.
func fill(v any, c *context) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			out[name] = fill(member, c)
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, fill(item, c))
		}
		return out
	case template:
		return v.typed(c)
	}
	return v
}

// template is a text with operators such as %REQ(X-REQUEST-ID)% in it.
type template []part

type part struct {
	text     string
	operator string // without its percent signs; "" for a text
	argument string
}

// known are the operators, and whether they take an argument.
var known = map[string]bool{"REQ": true, "RESP": true, "RESPONSE_CODE": false, "RESPONSE_CODE_DETAILS": false,
	"RESPONSE_FLAGS": false, "PROTOCOL": false, "LOCAL_REPLY_BODY": false}

func parseTemplate(s string) (t template, err error) {
	for s != "" {
		text, rest, found := strings.Cut(s, "%")
		if text != "" {
			t = append(t, part{text: text})
		}
		if !found {
			return t, nil
		}
		if after, ok := strings.CutPrefix(rest, "%"); ok {
			t, s = append(t, part{text: "%"}), after
			continue
		}
		inside, after, closed := strings.Cut(rest, "%")
		operator, argument, called := strings.Cut(strings.TrimSuffix(inside, ")"), "(")
		if takes, ok := known[operator]; !closed || !ok || takes != called || strings.Contains(argument, "?") {
			return nil, fmt.Errorf("%%%s%%: hostsim does not know this operator", inside)
		}
		t, s = append(t, part{operator: operator, argument: strings.ToLower(argument)}), after
	}
	return t, nil
}

// context is what operators see.
type context struct {
	View
	reply *Reply
}

// value is what an operator stands for, if there is any.
func (p part) value(c *context) (string, bool) {
	switch p.operator {
	case "REQ":
		if c.Request == nil {
			return "", false
		}
		return c.Request.Get(p.argument)
	case "RESP":
		if p.argument == ":status" {
			return strconv.Itoa(c.reply.Status), true
		}
		return c.reply.header(p.argument)
	case "RESPONSE_CODE":
		return strconv.Itoa(c.reply.Status), true
	case "RESPONSE_CODE_DETAILS":
		return c.Details, c.HasDetails
	case "RESPONSE_FLAGS":
		return c.Flags, true
	case "PROTOCOL":
		return c.Protocol, true
	case "LOCAL_REPLY_BODY":
		return c.reply.Body, true
	}
	return p.text, true
}

// expand is the template as text, with a text for what is missing.
func (t template) expand(c *context, missing string) string {
	var out strings.Builder
	for _, p := range t {
		value, ok := p.value(c)
		if !ok {
			value = missing
		}
		out.WriteString(value)
	}
	return out.String()
}

// typed is the template as a value in JSON: an operator alone keeps its type.
func (t template) typed(c *context) any {
	if len(t) != 1 || t[0].operator == "" {
		return t.expand(c, "-")
	}
	value, ok := t[0].value(c)
	switch {
	case !ok:
		return nil
	case t[0].operator == "RESPONSE_CODE":
		return c.reply.Status
	}
	return value
}
