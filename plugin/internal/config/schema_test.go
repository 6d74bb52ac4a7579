package config

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// accepts is as much of a JSON Schema validator as Schema needs. It fails on a
// word it does not know, so that none is written in vain.
func accepts(schema map[string]any, v any) error {
	for word, arg := range schema {
		var err error
		switch word {
		case "$schema", "title", "description", "default", "examples":
		case "type":
			err = acceptsType(arg.(string), v)
		case "enum":
			if !slices.Contains(arg.([]any), v) {
				err = fmt.Errorf("%v is none of %v", v, arg)
			}
		case "anyOf":
			err = acceptsAny(arg.([]any), v)
		case "pattern":
			if s, ok := v.(string); ok && !regexp.MustCompile(arg.(string)).MatchString(s) {
				err = fmt.Errorf("%q does not match %v", s, arg)
			}
		case "minimum", "maximum", "maxLength", "maxItems", "maxProperties":
			err = acceptsBound(word, arg.(float64), v)
		case "items":
			if list, ok := v.([]any); ok {
				for _, item := range list {
					err = first(err, accepts(arg.(map[string]any), item))
				}
			}
		case "required", "properties", "additionalProperties":
			err = acceptsObject(schema, v)
		default:
			err = fmt.Errorf("the schema has the unknown word %s", word)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func acceptsType(name string, v any) error {
	ok := false
	switch x := v.(type) {
	case map[string]any:
		ok = name == "object"
	case []any:
		ok = name == "array"
	case string:
		ok = name == "string"
	case bool:
		ok = name == "boolean"
	case float64:
		ok = name == "integer" && x == math.Trunc(x)
	}
	if !ok {
		return fmt.Errorf("%v is no %s", v, name)
	}
	return nil
}

func acceptsAny(schemas []any, v any) (err error) {
	for _, s := range schemas {
		if err = accepts(s.(map[string]any), v); err == nil {
			return nil
		}
	}
	return err
}

func acceptsBound(word string, bound float64, v any) error {
	n := bound
	switch x := v.(type) {
	case float64:
		n = x
	case string:
		n = float64(len([]rune(x)))
	case []any:
		n = float64(len(x))
	case map[string]any:
		n = float64(len(x))
	}
	if word == "minimum" && n < bound || word != "minimum" && n > bound {
		return fmt.Errorf("%v is beyond %s %v", v, word, bound)
	}
	return nil
}

func acceptsObject(schema map[string]any, v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := object[name.(string)]; !ok {
			return fmt.Errorf("no %s in %v", name, v)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, member := range object {
		of, ok := properties[name].(map[string]any)
		if !ok {
			if of, ok = schema["additionalProperties"].(map[string]any); !ok {
				return fmt.Errorf("unknown %s", name)
			}
		}
		if err := accepts(of, member); err != nil {
			return err
		}
	}
	return nil
}

func parsedSchema(t testing.TB) map[string]any {
	var schema map[string]any
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// withoutNull drops members that are null: the schema leaves them out.
func withoutNull(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for name, member := range x {
			if member == nil {
				delete(x, name)
			} else {
				x[name] = withoutNull(member)
			}
		}
	case []any:
		for i := range x {
			x[i] = withoutNull(x[i])
		}
	}
	return v
}

// TestSchemaAcceptsGood: an editor must not complain about a policy that works.
func TestSchemaAcceptsGood(t *testing.T) {
	schema := parsedSchema(t)
	for _, file := range policies(t, "good") {
		if err := accepts(schema, file.value); err != nil {
			t.Errorf("%s: %v", file.name, err)
		}
	}
}

// TestSchemaRefusesBad: an editor should see most mistakes. What it cannot see
// spans fields, or is a rule of text that no pattern was written for.
func TestSchemaRefusesBad(t *testing.T) {
	schema := parsedSchema(t)
	unseen := []string{
		"auth_headers", "auth_headers_none", "breaker_never", "breaker_open", "cluster_empty", "cluster_twice",
		"duplicate_field", "duplicate_field_escaped", "duplicate_label", "duplicate_null", "duplicate_response_header",
		"endpoints", "endpoints_glob", "endpoints_same", "inspection_rule",
		"inspection_exception_nothing", "inspection_exception_rule", "inspection_exception_sanitise", "inspection_own_id",
		"inspection_own_id_twice", "inspection_own_list", "inspection_own_list_in_rule", "inspection_own_word_empty",
		"key_dates_form", "key_dates_reversed", "key_models",
		"key_same", "key_user_spaces", "key_zero", "limit_both", "limit_burst_endless", "limit_none", "limit_path", "limit_same_name",
		"response_header_own", "upstream_no_breaker", "upstream_no_paths", "upstream_pass", "upstream_twice",
	}
	for _, file := range policies(t, "bad") {
		refused := accepts(schema, file.value) != nil
		if want := !slices.Contains(unseen, file.name); refused != want {
			t.Errorf("%s: the schema refuses it: %v, want %v", file.name, refused, want)
		}
	}
}

func decoded(t *testing.T, in []byte) (v any) {
	if err := json.Unmarshal(in, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

type policyFile struct {
	name  string
	value any
}

// policies reads the files of a folder that are JSON at all.
func policies(t *testing.T, folder string) (found []policyFile) {
	files, _ := filepath.Glob("testdata/" + folder + "/*.txt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		in, _, _ := strings.Cut(string(text), divider)
		var v any
		if json.Unmarshal([]byte(in), &v) == nil {
			found = append(found, policyFile{strings.TrimSuffix(filepath.Base(file), ".txt"), withoutNull(v)})
		}
	}
	if len(found) == 0 {
		t.Fatalf("no policies in %s", folder)
	}
	return found
}
