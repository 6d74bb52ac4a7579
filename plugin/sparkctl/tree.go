package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tree is a place in a YAML file that is edited with its comments. A place that
// is not there has no node; what is done to it is remembered by the root and
// makes bytes fail, so that an edit of a shipped file is never lost in silence.
type tree struct {
	node *yaml.Node
	root *root
	path string
}

type root struct {
	docs    []*yaml.Node
	missing []string
}

// parseTree reads one YAML document.
func parseTree(text []byte) (*tree, error) {
	trees, err := parseTrees(text)
	if err != nil || len(trees) != 1 {
		return nil, errors.Join(err, fmt.Errorf("%d documents, want one", len(trees)))
	}
	return trees[0], nil
}

// parseTrees reads all documents of a file. They share one root.
func parseTrees(text []byte) (trees []*tree, err error) {
	r := &root{}
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return trees, nil
		case err != nil:
			return nil, err
		}
		r.docs = append(r.docs, &doc)
		trees = append(trees, &tree{doc.Content[0], r, ""})
	}
}

// bytes writes the file again.
func (t *tree) bytes() ([]byte, error) {
	if len(t.root.missing) > 0 {
		return nil, fmt.Errorf("the template has no %s", strings.Join(t.root.missing, ", "))
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	enc.CompactSeqIndent()
	var err error
	for _, doc := range t.root.docs {
		err = errors.Join(err, enc.Encode(doc))
	}
	return spaced(out.Bytes()), errors.Join(err, enc.Close())
}

// spaced puts an empty line, which the encoder leaves out, before each section:
// each line at the margin after one that is not.
func spaced(text []byte) []byte {
	var out []byte
	last := byte('#')
	for line := range bytes.Lines(text) {
		first := line[0]
		if last == ' ' && first != ' ' && first != '-' && first != '\n' {
			out = append(out, '\n')
		}
		out, last = append(out, line...), first
	}
	return out
}

// at goes down by names.
func (t *tree) at(names ...string) *tree {
	for _, name := range names {
		t = &tree{t.member(name), t.root, t.path + "." + name}
	}
	return t
}

func (t *tree) member(name string) *yaml.Node {
	if t.node == nil || t.node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(t.node.Content); i += 2 {
		if t.node.Content[i].Value == name {
			return t.node.Content[i+1]
		}
	}
	return nil
}

// find returns the first item, anywhere below t, of a list called name in which
// key is value; any item if key is empty.
func (t *tree) find(name, key, value string) *tree {
	for _, item := range t.list(name) {
		if key == "" || item.at(key).value() == value {
			return item
		}
	}
	return &tree{nil, t.root, t.path + "." + name + "[" + value + "]"}
}

// list returns the items of all lists called name below t.
func (t *tree) list(name string) []*tree {
	var items []*tree
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == name && child.Kind == yaml.SequenceNode {
				for _, item := range child.Content {
					items = append(items, &tree{item, t.root, t.path + "." + name + "[]"})
				}
			}
			walk(child)
		}
	}
	if t.node != nil {
		walk(t.node)
	}
	return items
}

// value returns the scalar at t, or "".
func (t *tree) value() string {
	if t.node == nil || t.node.Kind != yaml.ScalarNode {
		return ""
	}
	return t.node.Value
}

// names returns the names of the items of the list at t.
func (t *tree) names() map[string]bool {
	names := map[string]bool{}
	if t.node != nil {
		for _, item := range t.node.Content {
			names[(&tree{item, t.root, t.path}).at("name").value()] = true
		}
	}
	return names
}

func list(names map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

// set replaces a scalar.
func (t *tree) set(tag, value string) {
	if t.node == nil {
		t.root.missing = append(t.root.missing, t.path)
		return
	}
	t.node.Kind, t.node.Tag, t.node.Value, t.node.Style = yaml.ScalarNode, tag, value, 0
}

// setBlock replaces a scalar by a text that keeps its lines.
func (t *tree) setBlock(text string) {
	t.set("!!str", text)
	if t.node != nil {
		t.node.Style = yaml.LiteralStyle
	}
}

// setJSON replaces what is at t by JSON, written as YAML.
func (t *tree) setJSON(text []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err
	}
	if t.node == nil {
		t.root.missing = append(t.root.missing, t.path)
		return nil
	}
	plain(doc.Content[0])
	t.node.Kind, t.node.Tag, t.node.Style, t.node.Content = doc.Content[0].Kind, doc.Content[0].Tag, 0, doc.Content[0].Content
	return nil
}

// plain has n and what is below written without braces. Texts keep their quotes,
// but for the names of fields: Kubernetes reads YAML 1.1, to which off is false
// and 1_000 a number.
func plain(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		n.Style = 0
	}
	for i, child := range n.Content {
		if plain(child); n.Kind == yaml.MappingNode && i%2 == 0 && fieldName.MatchString(child.Value) {
			child.Style = 0
		}
	}
}

// fieldName matches the names of a policy's fields and nothing that YAML 1.1
// takes for something else.
var fieldName = regexp.MustCompile(`^[a-z][a-z0-9]*[a-z][a-z0-9_]{2,}$`)

// clear empties the object at t.
func (t *tree) clear() {
	if t.node != nil {
		t.node.Content = nil
	}
}

// remove takes a member away, with its comments. It may be absent.
func (t *tree) remove(name string) {
	if t.node == nil {
		t.root.missing = append(t.root.missing, t.path)
		return
	}
	for i := 0; i < len(t.node.Content); i += 2 {
		if t.node.Content[i].Value == name {
			t.node.Content = slices.Delete(t.node.Content, i, i+2)
			return
		}
	}
}

// clone returns a copy of the node at t, which must be there.
func (t *tree) clone() *yaml.Node {
	if t.node == nil {
		t.root.missing = append(t.root.missing, t.path)
		return &yaml.Node{Kind: yaml.MappingNode}
	}
	return cloneNode(t.node)
}

func cloneNode(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = nil
	for _, child := range n.Content {
		c.Content = append(c.Content, cloneNode(child))
	}
	return &c
}

// uncomment removes every comment at and below t.
func (t *tree) uncomment() {
	if t.node == nil {
		return
	}
	t.node.HeadComment, t.node.LineComment, t.node.FootComment = "", "", ""
	for _, child := range t.node.Content {
		(&tree{child, t.root, t.path}).uncomment()
	}
}

// insert puts an item into the list at t, before the one with index i.
func (t *tree) insert(i int, item *yaml.Node) *tree {
	if t.node == nil || t.node.Kind != yaml.SequenceNode {
		t.root.missing = append(t.root.missing, t.path)
	} else {
		t.node.Content = slices.Insert(t.node.Content, i, item)
	}
	return &tree{item, t.root, t.path}
}

// drop takes the items that are unwanted out of the list at t.
func (t *tree) drop(unwanted func(item *tree) bool) {
	if t.node == nil || t.node.Kind != yaml.SequenceNode {
		t.root.missing = append(t.root.missing, t.path)
		return
	}
	t.node.Content = slices.DeleteFunc(t.node.Content, func(n *yaml.Node) bool { return unwanted(&tree{n, t.root, t.path}) })
}

// put parses text, which is this program's own, and adds it as member name.
func (t *tree) put(name, text string) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		panic(err)
	}
	t.add(name, doc.Content[0])
}

// add puts a member at the end.
func (t *tree) add(name string, value *yaml.Node) {
	if t.node == nil {
		t.root.missing = append(t.root.missing, t.path)
		return
	}
	t.node.Content = append(t.node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, value)
}
