package sparkward_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sparkward/sparkward"

// rule says what one package may import beside the standard library.
type rule struct {
	// filter marks a package linked into sparkward.wasm: heavy is out of bounds.
	filter bool
	// to lists packages of this module, relative to the rule's own root; "x/..."
	// stands for x and what is below it.
	to []string
	// ext lists path prefixes outside this module.
	ext []string
	// test lists what only test files may import as well, by the same two forms;
	// a name with a dot before its first slash is outside this module.
	test []string
}

// inside shortens the names of the filter's packages.
func inside(names ...string) []string {
	for i, name := range names {
		names[i] = "plugin/internal/" + name
	}
	return names
}

// sim shortens the names of the simulator's packages.
func sim(names ...string) []string {
	for i, name := range names {
		names[i] = "hostsim/internal/" + name
	}
	return names
}

// arrows is the architecture: every package of the module has a row, and imports
// only what its row says. Leaves do not know each other; kv is the one shared floor.
var arrows = map[string]rule{
	".": {},

	"plugin": {filter: true, to: inside("config", "guard"),
		ext: []string{"github.com/proxy-wasm/proxy-wasm-go-sdk/"}},
	"plugin/internal/guard": {filter: true, to: inside("config", "llm", "inflate", "scan", "apikey", "limit",
		"breaker", "respcache", "fault", "metric", "kv", "rfc3339"), test: inside("kv/kvtest")},
	"plugin/internal/config":      {filter: true, to: inside("scan", "apikey", "limit", "breaker", "respcache", "sha256", "rfc3339")},
	"plugin/internal/llm":         {filter: true},
	"plugin/internal/inflate":     {filter: true},
	"plugin/internal/scan":        {filter: true, to: inside("scan/fold", "scan/decode", "scan/model", "scan/rules", "scan/trie"), test: inside("scan/rulefile")},
	"plugin/internal/scan/fold":   {filter: true, test: []string{"golang.org/x/text"}},
	"plugin/internal/scan/trie":   {filter: true},
	"plugin/internal/scan/decode": {filter: true},
	"plugin/internal/apikey":      {filter: true, to: inside("sha256")},
	"plugin/internal/sha256":      {filter: true},
	"plugin/internal/rfc3339":     {filter: true},
	"plugin/internal/metric":      {filter: true},
	"plugin/internal/kv":          {filter: true, test: inside("kv/kvtest")},
	"plugin/internal/kv/kvtest":   {to: inside("kv")},
	"plugin/internal/limit":       {filter: true, to: inside("kv"), test: inside("kv/kvtest")},
	"plugin/internal/breaker":     {filter: true, to: inside("kv"), test: inside("kv/kvtest")},
	"plugin/internal/respcache":   {filter: true, to: inside("kv", "sha256"), test: inside("kv/kvtest")},
	"plugin/internal/fault":       {filter: true, to: inside("kv"), test: inside("kv/kvtest")},

	"plugin/internal/scan/model":     {filter: true},
	"plugin/internal/scan/rules":     {filter: true, to: inside("scan/fold", "scan/trie"), test: inside("scan/rulefile")},
	"plugin/internal/scan/rules/gen": {to: inside("scan/rules", "scan/rulefile")},
	"plugin/internal/scan/rulefile":  {to: inside("scan/rules", "scan/trie")},
	"plugin/internal/scan/grammar":   {},
	"plugin/internal/scan/train":     {to: inside("scan", "scan/fold", "scan/model", "scan/grammar")},

	"plugin/sparkctl": {to: append(inside("config", "metric", "llm", "scan", "scan/train", "apikey"), "envoy"),
		ext: []string{"sigs.k8s.io/yaml", "go.yaml.in/yaml/v3"}},

	"envoy": {},

	"tools/reflow": {test: []string{"github.com/tetratelabs/wazero"}},

	"hostsim":                     {to: sim("abi", "chain", "header", "http1", "http2", "localreply", "shared", "target", "wasm"), test: []string{"e2e/script"}},
	"hostsim/internal/abi":        {},
	"hostsim/internal/header":     {},
	"hostsim/internal/chain":      {to: sim("header")},
	"hostsim/internal/http1":      {to: sim("header")},
	"hostsim/internal/http2":      {to: sim("header"), ext: []string{"golang.org/x/net/http2"}},
	"hostsim/internal/shared":     {to: sim("abi")},
	"hostsim/internal/target":     {},
	"hostsim/internal/localreply": {to: sim("header")},
	"hostsim/internal/wasm":       {to: sim("abi", "chain", "header", "shared"), ext: []string{"github.com/tetratelabs/wazero"}},
	"hostsim/internal/probe":      {},
	"hostsim/cmd/hostsim":         {to: []string{"hostsim"}, ext: []string{"go.yaml.in/yaml/v3"}},
	"e2e":                         {to: []string{"hostsim", "e2e/provider", "e2e/script", "e2e/wire"}, ext: []string{"go.yaml.in/yaml/v3"}},
	"e2e/script":                  {},
	"e2e/wire":                    {},
	"e2e/provider":                {},
	"e2e/cmd/provider":            {to: []string{"e2e/provider"}},
	"e2e/cmd/demo":                {to: []string{"e2e/provider"}},
}

// heavy lists the standard packages that cost the filter too many bytes or too
// much time: a Go regexp takes 120 ns a byte, fmt and reflect hundreds of KB,
// crypto/sha256 and net/netip 150 KB each (plugin/internal/sha256 and guard have
// what is needed of them).
var heavy = []string{"fmt", "encoding/json", "regexp", "reflect", "net", "net/http", "text/template",
	"html/template", "math/big", "crypto/tls", "crypto/x509", "log", "log/slog", "encoding/xml", "go/...",
	"crypto/sha256", "net/netip"}

// source is one Go file with its imports.
type source struct {
	name    string // relative to the module's root, with slashes
	imports []string
}

func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

// sources returns every Go file of the module that starts in root.
func sources(root string) ([]source, error) {
	var found []source
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipFolder(root, name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		imports, err := importsOf(filepath.Join(root, filepath.FromSlash(name)))
		found = append(found, source{name, imports})
		return err
	})
	return found, err
}

// skipFolder leaves out what the go command leaves out, and nested modules.
func skipFolder(root, name string) error {
	base := path.Base(name)
	if name == "." {
		return nil
	}
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name), "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func importsOf(file string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var imports []string
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		imports = append(imports, imported)
	}
	return imports, nil
}

// matches reports whether name is the pattern, or below a pattern "x/...".
func matches(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		floor, open := strings.CutSuffix(pattern, "/...")
		return name == floor || open && strings.HasPrefix(name, floor+"/")
	})
}

// outside reports whether an import path is neither ours nor the standard library's.
func outside(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// violation says what is wrong with one import of one file, or "".
func violation(table map[string]rule, file source, imported string) string {
	from := path.Dir(file.name)
	row, known := table[from]
	switch own, ours := strings.CutPrefix(imported, module+"/"); {
	case !known:
		return "no row for this package"
	case ours && own == from && file.test():
		return "" // an external test package tests its own package
	case ours && (matches(own, row.to) || file.test() && matches(own, row.test)):
		return ""
	case ours:
		return "no arrow"
	case outside(imported):
		return violationOutside(row, file, imported)
	case row.filter && !file.test() && matches(imported, heavy):
		return "too heavy for the filter"
	}
	return ""
}

func violationOutside(row rule, file source, imported string) string {
	allowed := func(prefix string) bool {
		return imported == prefix || strings.HasPrefix(imported, strings.TrimSuffix(prefix, "/")+"/")
	}
	if slices.ContainsFunc(row.ext, allowed) || file.test() && slices.ContainsFunc(row.test, allowed) {
		return ""
	}
	return "no arrow out of the module"
}

func TestArrows(t *testing.T) {
	files, err := sources(".")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		if _, known := arrows[path.Dir(file.name)]; !known {
			t.Errorf("%s: package %s has no row in the table of arrows (arch_test.go)", file.name, path.Dir(file.name))
			continue
		}
		for _, imported := range file.imports {
			checked++
			if problem := violation(arrows, file, imported); problem != "" {
				t.Errorf("%s imports %s: %s", file.name, imported, problem)
			}
		}
	}
	if checked == 0 {
		t.Error("no import was checked")
	}
}

// TestArrowsBite shows that the checks above can fail.
func TestArrowsBite(t *testing.T) {
	table := map[string]rule{
		"a": {filter: true, to: []string{"b"}, test: []string{"c/..."}},
		"b": {ext: []string{"example.org/lib"}},
	}
	for _, c := range []struct{ file, imported, want string }{
		{"a/a.go", module + "/b", ""},
		{"a/a.go", module + "/c", "no arrow"},
		{"a/a_test.go", module + "/c", ""},
		{"a/a_test.go", module + "/c/d", ""},
		{"a/a_test.go", module + "/a", ""},
		{"b/b.go", module + "/a", "no arrow"},
		{"a/a.go", "strings", ""},
		{"a/a.go", "fmt", "too heavy for the filter"},
		{"a/a.go", "go/parser", "too heavy for the filter"},
		{"a/a_test.go", "fmt", ""},
		{"b/b.go", "fmt", ""},
		{"b/b.go", "example.org/lib/x", ""},
		{"b/b.go", "example.org/library", "no arrow out of the module"},
		{"c/c.go", "strings", "no row for this package"},
	} {
		if got := violation(table, source{name: c.file}, c.imported); got != c.want {
			t.Errorf("%s imports %s: got %q, want %q", c.file, c.imported, got, c.want)
		}
	}
}

// TestArrowsHaveNoLoop walks the table itself: Go forbids import cycles of
// packages, this also forbids allowing one.
func TestArrowsHaveNoLoop(t *testing.T) {
	var walk func(name string, trail []string)
	walk = func(name string, trail []string) {
		if slices.Contains(trail, name) {
			t.Fatalf("the table allows a loop: %s", fmt.Sprint(append(trail, name)))
		}
		for _, next := range arrows[name].to {
			walk(strings.TrimSuffix(next, "/..."), append(slices.Clone(trail), name))
		}
	}
	for name := range arrows {
		walk(name, nil)
	}
}
