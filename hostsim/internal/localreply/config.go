// Package localreply plays Envoy's local_reply_config: what becomes of an answer
// that the proxy or a filter makes. It reads the configuration as Envoy does, in
// JSON, and refuses what it does not know.
package localreply

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// Rules are a local_reply_config.
type Rules struct {
	mappers []mapper
	format  format
}

// Reply is an answer, with the headers that it has beside those of its body.
type Reply struct {
	Status  int
	Body    string
	Headers []header.Field
	Type    string // the body's content type, if no header says it
}

// View is what filters and formats see of the request.
type View struct {
	Details    string // response code details
	HasDetails bool
	Flags      string // as in an access log: names joined by commas, or "-"
	Protocol   string
	Request    *header.Map // nil for none
}

// Parse reads a local_reply_config. An error names what is wrong with it, or what
// of it hostsim does not know.
func Parse(text []byte) (*Rules, error) {
	var config struct {
		Mappers []mapperConfig `json:"mappers"`
		Format  *formatConfig  `json:"body_format"`
	}
	if err := strict(text, &config); err != nil {
		return nil, fmt.Errorf("local_reply_config: %w", err)
	}
	r := &Rules{format: plainFormat}
	for i, c := range config.Mappers {
		m, err := c.compile()
		if err != nil {
			return nil, fmt.Errorf("local_reply_config: mappers[%d]: %w", i, err)
		}
		r.mappers = append(r.mappers, m)
	}
	if config.Format != nil {
		f, err := config.Format.compile()
		if err != nil {
			return nil, fmt.Errorf("local_reply_config: body_format: %w", err)
		}
		r.format = f
	}
	return r, nil
}

func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

type mapperConfig struct {
	Filter  *filterConfig `json:"filter"`
	Status  *int          `json:"status_code"`
	Body    *source       `json:"body"`
	Headers []headerToAdd `json:"headers_to_add"`
	Format  *formatConfig `json:"body_format_override"`
}

// source is a DataSource, of the one kind that needs no file.
type source struct {
	Text string `json:"inline_string"`
}

type headerToAdd struct {
	Header struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"header"`
	Action    string `json:"append_action"`
	KeepEmpty bool   `json:"keep_empty_value"`
}

// mapper is a mapper ready for use.
type mapper struct {
	fits    filter
	status  int // 0 keeps it
	body    *string
	headers []addition
	format  *format
}

type addition struct {
	name      string
	value     template
	action    string
	keepEmpty bool
}

func (c *mapperConfig) compile() (m mapper, err error) {
	if c.Filter == nil {
		return m, errors.New("a filter is missing")
	}
	if m.fits, err = c.Filter.compile(); err != nil {
		return m, fmt.Errorf("filter: %w", err)
	}
	if c.Status != nil {
		m.status = *c.Status
	}
	if c.Body != nil {
		m.body = &c.Body.Text
	}
	for _, h := range c.Headers {
		a := addition{name: h.Header.Key, action: h.Action, keepEmpty: h.KeepEmpty}
		if a.value, err = parseTemplate(h.Header.Value); err != nil {
			return m, fmt.Errorf("headers_to_add: %s: %w", a.name, err)
		}
		if !actions[a.action] {
			return m, fmt.Errorf("headers_to_add: append_action %q is not known", a.action)
		}
		m.headers = append(m.headers, a)
	}
	if c.Format != nil {
		f, err := c.Format.compile()
		if err != nil {
			return m, fmt.Errorf("body_format_override: %w", err)
		}
		m.format = &f
	}
	return m, nil
}

const (
	appendOrAdd  = "APPEND_IF_EXISTS_OR_ADD"
	addIfAbsent  = "ADD_IF_ABSENT"
	overwrite    = "OVERWRITE_IF_EXISTS_OR_ADD"
	overwriteOld = "OVERWRITE_IF_EXISTS"
)

var actions = map[string]bool{"": true, appendOrAdd: true, addIfAbsent: true, overwrite: true, overwriteOld: true}
