package localreply

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// filter says whether a mapper is for an answer with the given status.
type filter func(status int, v View) bool

// filterConfig is an AccessLogFilter. The kinds that hostsim knows are here.
type filterConfig struct {
	Status *struct {
		Comparison comparison `json:"comparison"`
	} `json:"status_code_filter"`
	And *struct {
		Filters []filterConfig `json:"filters"`
	} `json:"and_filter"`
	Or *struct {
		Filters []filterConfig `json:"filters"`
	} `json:"or_filter"`
	Flags *struct {
		Flags []string `json:"flags"`
	} `json:"response_flag_filter"`
	Header *struct {
		Header headerMatch `json:"header"`
	} `json:"header_filter"`
	Extension *struct {
		Name   string `json:"name"`
		Config struct {
			Type       string `json:"@type"`
			Expression string `json:"expression"`
		} `json:"typed_config"`
	} `json:"extension_filter"`
}

type comparison struct {
	Op    string `json:"op"`
	Value struct {
		Is  int    `json:"default_value"`
		Key string `json:"runtime_key"`
	} `json:"value"`
}

func (c *filterConfig) compile() (filter, error) {
	switch {
	case c.Status != nil:
		return c.Status.Comparison.compile()
	case c.And != nil:
		all, err := compileAll(c.And.Filters)
		return func(status int, v View) bool {
			return !slices.ContainsFunc(all, func(f filter) bool { return !f(status, v) })
		}, err
	case c.Or != nil:
		all, err := compileAll(c.Or.Filters)
		return func(status int, v View) bool {
			return slices.ContainsFunc(all, func(f filter) bool { return f(status, v) })
		}, err
	case c.Flags != nil:
		return flagFilter(c.Flags.Flags), nil
	case c.Header != nil:
		return c.Header.Header.compile()
	case c.Extension != nil:
		return expression(c.Extension.Config.Expression)
	}
	return nil, errors.New("its kind is missing")
}

func compileAll(configs []filterConfig) (all []filter, err error) {
	for _, c := range configs {
		f, err := c.compile()
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func (c comparison) compile() (filter, error) {
	compare := map[string]func(a, b int) bool{
		"":   func(a, b int) bool { return a == b },
		"EQ": func(a, b int) bool { return a == b },
		"GE": func(a, b int) bool { return a >= b },
		"LE": func(a, b int) bool { return a <= b },
		"NE": func(a, b int) bool { return a != b },
	}[c.Op]
	if compare == nil {
		return nil, fmt.Errorf("the comparison %q is not known", c.Op)
	}
	return func(status int, _ View) bool { return compare(status, c.Value.Is) }, nil
}

// flagFilter fits if one of the flags is set; of no flags, any.
func flagFilter(flags []string) filter {
	return func(_ int, v View) bool {
		if len(flags) == 0 {
			return v.Flags != "-"
		}
		return slices.ContainsFunc(strings.Split(v.Flags, ","), func(f string) bool { return slices.Contains(flags, f) })
	}
}

// headerMatch is a HeaderMatcher for a request header.
type headerMatch struct {
	Name    string `json:"name"`
	Present *bool  `json:"present_match"`
	Invert  bool   `json:"invert_match"`
	Text    *struct {
		Exact    string `json:"exact"`
		Prefix   string `json:"prefix"`
		Suffix   string `json:"suffix"`
		Contains string `json:"contains"`
	} `json:"string_match"`
}

func (m headerMatch) compile() (filter, error) {
	return func(_ int, v View) bool {
		value, there := "", false
		if v.Request != nil {
			value, there = v.Request.Get(strings.ToLower(m.Name))
		}
		return m.fits(value, there) != m.Invert
	}, nil
}

func (m headerMatch) fits(value string, there bool) bool {
	switch {
	case m.Text == nil && m.Present != nil:
		return there == *m.Present
	case m.Text == nil || !there:
		return there
	case m.Text.Prefix != "":
		return strings.HasPrefix(value, m.Text.Prefix)
	case m.Text.Suffix != "":
		return strings.HasSuffix(value, m.Text.Suffix)
	case m.Text.Contains != "":
		return strings.Contains(value, m.Text.Contains)
	}
	return value == m.Text.Exact
}

// Of CEL there are comparisons of the two properties that tell answers apart.
var (
	detailsExpression = regexp.MustCompile(`^\s*response\.code_details\s*(==|!=)\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*$`)
	statusExpression  = regexp.MustCompile(`^\s*response\.code\s*(==|!=|>=|<=)\s*(\d{1,3})\s*$`)
)

func expression(text string) (filter, error) {
	if m := detailsExpression.FindStringSubmatch(text); m != nil {
		want := m[2] + m[3]
		// Without details the expression is an error, which fits nothing.
		return func(_ int, v View) bool { return v.HasDetails && (v.Details == want) == (m[1] == "==") }, nil
	}
	if m := statusExpression.FindStringSubmatch(text); m != nil {
		c := comparison{Op: map[string]string{"==": "EQ", "!=": "NE", ">=": "GE", "<=": "LE"}[m[1]]}
		c.Value.Is, _ = strconv.Atoi(m[2])
		return c.compile()
	}
	return nil, fmt.Errorf("expression %q: hostsim has no CEL and knows response.code_details == or != a text, and response.code ==, !=, >= or <= a number", text)
}
