package e2e

import (
	"bytes"
	"encoding/json"
	"strings"
)

// replyMapper is a mapper of Envoy's local_reply_config, of the kind that the
// shipped configuration has: an and_filter of expressions over the details, and a
// comparison of the status.
type replyMapper struct {
	Filter struct {
		And struct{ Filters []replyFilter } `json:"and_filter"`
	}
	Headers []struct {
		Header struct{ Key, Value string }
	} `json:"headers_to_add"`
	Format struct {
		JSON tree `json:"json_format"`
	} `json:"body_format_override"`
}

type replyFilter struct {
	Extension struct {
		Config struct{ Expression string } `json:"typed_config"`
	} `json:"extension_filter"`
	Status struct {
		Comparison struct {
			Op    string
			Value struct {
				Is int `json:"default_value"`
			}
		}
	} `json:"status_code_filter"`
}

// fits evaluates the two sorts of filters; any other fits nothing.
func (f replyFilter) fits(status int, details string) bool {
	switch c := f.Status.Comparison; {
	case f.Extension.Config.Expression == "response.code_details != ''":
		return details != ""
	case c.Op == "EQ":
		return status == c.Value.Is
	case c.Op == "GE":
		return status >= c.Value.Is
	}
	return false
}

// localReply imitates the mappers: the first that fits makes the body.
func localReply(mappers []replyMapper) func(status int, details, body, id string) (string, [][2]string) {
	return func(status int, details, _, id string) (string, [][2]string) {
		for _, m := range mappers {
			fits := len(m.Filter.And.Filters) > 0
			for _, f := range m.Filter.And.Filters {
				fits = fits && f.fits(status, details)
			}
			if fits {
				return m.reply(strings.NewReplacer("%REQ(X-REQUEST-ID)%", id))
			}
		}
		return "", nil
	}
}

// reply writes the body as Envoy does, by the names of members, and the headers.
func (m *replyMapper) reply(values *strings.Replacer) (body string, headers [][2]string) {
	headers = append(headers, [2]string{"content-type", "application/json"})
	for _, h := range m.Headers {
		headers = append(headers, [2]string{h.Header.Key, values.Replace(h.Header.Value)})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(m.Format.JSON) // what JSON was read from can be written
	return values.Replace(b.String()), headers
}
