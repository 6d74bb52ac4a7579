package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"go.yaml.in/yaml/v3"
)

// document is a YAML file turned into JSON, with what is needed to tell where
// in the file a path is.
type document struct {
	json  []byte
	lines map[string]int
}

// line returns the line of path, or of the nearest thing around it that is in
// the file.
func (d *document) line(path string) int {
	for path != "" {
		if n, ok := d.lines[path]; ok {
			return n
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return max(1, d.lines[""])
}

// maxAliased bounds what aliases can make of a small file: how many values they
// may stand for, all together.
const maxAliased = 100_000

// converter writes YAML nodes as JSON, in their order, duplicates included, so
// that the policy's own checks see everything that is in the file.
type converter struct {
	out     bytes.Buffer
	lines   map[string]int
	depth   int
	aliases int // how many the walk is inside of
	aliased int
}

// fromYAML turns one YAML document into JSON. Errors begin with the line.
func fromYAML(text []byte) (*document, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var root yaml.Node
	c := &converter{lines: map[string]int{}}
	switch err := dec.Decode(&root); {
	case errors.Is(err, io.EOF):
		return &document{json: []byte("{}\n"), lines: c.lines}, nil
	case err != nil:
		return nil, syntaxError(err)
	}
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		return nil, fmt.Errorf("%d: a second document begins here: keep one policy in a file", more.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(err)
	}
	top := root.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return &document{json: []byte("{}\n"), lines: c.lines}, nil
	}
	if err := c.node(top, ""); err != nil {
		return nil, err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, c.out.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("1: %w", err)
	}
	pretty.WriteByte('\n')
	return &document{pretty.Bytes(), c.lines}, nil
}

// syntaxError turns "yaml: line 3: did not find…" into "3: broken YAML: did not find…".
func syntaxError(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if n, rest, ok := strings.Cut(strings.TrimPrefix(text, "line "), ": "); ok && strings.HasPrefix(text, "line ") {
		if l, err := strconv.Atoi(n); err == nil {
			line, text = l, rest
		}
	}
	return fmt.Errorf("%d: broken YAML: %s", line, strings.ReplaceAll(text, "\n", " "))
}

func (c *converter) node(n *yaml.Node, path string) error {
	if c.aliases > 0 {
		if c.aliased++; c.aliased > maxAliased {
			return fmt.Errorf("%d: aliases stand for more than %d values: write them out", n.Line, maxAliased)
		}
	}
	if c.depth++; c.depth > 100 {
		return fmt.Errorf("%d: nested more than 100 deep", n.Line)
	}
	defer func() { c.depth-- }()
	if _, ok := c.lines[path]; !ok {
		c.lines[path] = n.Line
	}
	switch n.Kind {
	case yaml.MappingNode:
		return c.mapping(n, path)
	case yaml.SequenceNode:
		return c.sequence(n, path)
	case yaml.AliasNode:
		c.aliases++
		defer func() { c.aliases-- }()
		return c.node(n.Alias, path)
	}
	return c.scalar(n)
}

func (c *converter) mapping(n *yaml.Node, path string) error {
	c.out.WriteByte('{')
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i]
		switch {
		case name.Tag == "!!merge":
			return fmt.Errorf("%d: merge keys (<<) are not supported: write the fields out", name.Line)
		case name.Kind != yaml.ScalarNode:
			return fmt.Errorf("%d: a field's name must be a plain word", name.Line)
		case i > 0:
			c.out.WriteByte(',')
		}
		c.text(name.Value)
		c.out.WriteByte(':')
		at := config.Member(path, name.Value)
		c.lines[at] = name.Line // of a name given twice, the second
		if err := c.node(n.Content[i+1], at); err != nil {
			return err
		}
	}
	c.out.WriteByte('}')
	return nil
}

func (c *converter) sequence(n *yaml.Node, path string) error {
	c.out.WriteByte('[')
	for i, item := range n.Content {
		if i > 0 {
			c.out.WriteByte(',')
		}
		if err := c.node(item, path+"["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
	}
	c.out.WriteByte(']')
	return nil
}

func (c *converter) scalar(n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!null":
		c.out.WriteString("null")
	case "!!bool":
		c.out.WriteString(strings.ToLower(n.Value))
	case "!!int":
		var v int64
		if err := n.Decode(&v); err != nil {
			return fmt.Errorf("%d: the number %.40s is too large", n.Line, n.Value)
		}
		c.out.WriteString(strconv.FormatInt(v, 10))
	case "!!float":
		var v float64
		if err := n.Decode(&v); err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return fmt.Errorf("%d: %.40s is not a number that JSON has", n.Line, n.Value)
		}
		c.out.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
	case "!!str", "!!timestamp": // a time stays as it was written
		c.text(n.Value)
	default:
		return fmt.Errorf("%d: the tag %.40s is not supported: remove it", n.Line, n.Tag)
	}
	return nil
}

func (c *converter) text(s string) {
	enc := json.NewEncoder(&c.out)
	enc.SetEscapeHTML(false)
	enc.Encode(s) // adds a newline, which JSON allows and Indent removes
}
