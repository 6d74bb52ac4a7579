package config

import (
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/scan"
)

const referenceHead = "# The policy\n\n" +
	"<!-- Written by `go generate ./plugin/internal/config` from its table; do not edit. -->\n\n" +
	"A policy says who may call, how often, and what is refused. People write it as YAML\n" +
	"(`policy.yaml`); `sparkctl lint` checks it, and `sparkctl lint -json` prints the JSON that the\n" +
	"filter reads. Unknown fields, and fields given twice, are refused: nothing in a policy is\n" +
	"ignored. A field that is absent or null has its default. `policy.schema.json` is a JSON Schema\n" +
	"for editors.\n\n" +
	"**An empty policy** is a valid one and safe: every control enforces its defaults, and because\n" +
	"keys are required and there is none, every request but those to the filter's own pages is\n" +
	"refused with 401. The filter and `sparkctl lint` both warn of it. Add keys, or set\n" +
	"`auth: {default: public}` to let anyone call and have the rest still checked. A host that passes no\n" +
	"configuration at all, as Istio does for an empty `pluginConfig`, gets the empty policy.\n\n" +
	"| kind of value | written as |\n| --- | --- |\n" +
	"| duration | whole numbers with the units `d`, `h`, `m`, `s`, `ms`, from large to small: `30s`, `1m30s` |\n" +
	"| header, method, model, name, rule | text of the sort its name says |\n" +
	"| path pattern | a path, `/v1/models`; `{any}` in place of one segment, `/v1/models/{model}`; `*` as the last segment for everything below, `/v1/*` |\n" +
	"| quota | a count and the period it holds for: `60/1m` |\n" +
	"| SHA-256 | 64 hexadecimal digits |\n" +
	"| size | a number of bytes, `65536`, or `64KiB`, `1MiB` |\n" +
	"| time | RFC 3339: `2027-01-31T00:00:00Z` |\n\n" +
	"A path is compared byte for byte, without its query. A request whose path could be read in two\n" +
	"ways (`//`, `..`, `%2f`, a letter in percent-encoding) fits no pattern.\n"

// Reference returns the documentation of every field, as Markdown.
func Reference() []byte {
	out := []byte(referenceHead)
	return ruleTable(section(out, "Top level", policy.shape))
}

const rulesHead = "\n## Rules and word lists\n\n" +
	"The scanner's own rules, whose ids and categories `disable` takes:\n\n" +
	"| rule | category | severity |\n| --- | --- | --- |\n"

const rulesTail = "\nThe model's severity is how sure it is. Rules of yours have the category `custom`.\n\n" +
	"The word lists, in all languages that the rules know; their words are in\n" +
	"`plugin/internal/scan/rules/words`:\n\n"

const rulesExample = "\n\nA policy with words and rules of its own, and less for some calls:\n\n```yaml\n" +
	"inspection:\n" +
	"  words:\n" +
	"    - {list: orders, add: [playbook, \"house rule*\"]}   # \"Ignore the playbook you were given\"\n" +
	"  rules:\n" +
	"    - id: acme.falcon                                  # who asks for Project Falcon\n" +
	"      words: [[\"@show\", tell me], [project falcon, falcon roadmap]]\n" +
	"      within: 12\n" +
	"    - {id: acme.codename, severity: low, words: [[bluebird]]}   # only told in the access log\n" +
	"  exceptions:\n" +
	"    - {paths: [/v1/embeddings], action: \"off\"}          # nothing obeys an embedding\n" +
	"    - {classes: [writers], disable: [persona]}         # they write dialogues\n" +
	"    - {roles: [tool], users: [crawler], preset: quiet}\n" +
	"```\n\n" +
	"Words of yours are found as the built-in ones are: in capitals, full width, between invisible\n" +
	"characters, with letters of other alphabets, spaced or dotted, and encoded. A cipher of letters\n" +
	"(rot13, reversed) and digits in place of letters are read where words of the built-in lists are\n" +
	"written so too. With their letters mixed words of yours are not found.\n"

// ruleTable adds what the scanner knows by name.
func ruleTable(out []byte) []byte {
	known, lists := scan.Known()
	out = append(out, rulesHead...)
	for _, r := range known {
		out = append(out, "| `"+r.ID+"` | `"+r.Category+"` | "+r.Severity.String()+" |\n"...)
	}
	out = append(out, rulesTail+"`"+strings.Join(lists, "`, `")+"`"...)
	return append(out, rulesExample...)
}

// section adds one object's table and then the sections of the objects in it.
func section(out []byte, title string, s *shape) []byte {
	out = append(out, "\n## "+title+"\n\n| field | kind | default | meaning |\n| --- | --- | --- | --- |\n"...)
	for _, f := range s.fields {
		out = append(out, "| `"+f.name+"` | "+kindText(f.shape)+" | "+defaultText(f)+" | "+f.doc+exampleText(f)+" |\n"...)
	}
	prefix := title + "."
	if title == "Top level" {
		prefix = ""
	}
	for _, f := range s.fields {
		switch {
		case f.name == "response_headers":
			out = defaultHeaderTable(out)
		case f.shape.json == "object" && f.shape.fields != nil:
			out = section(out, prefix+f.name, f.shape)
		case f.shape.json == "array" && f.shape.items.fields != nil:
			out = section(out, prefix+f.name+"[]", f.shape.items)
		}
	}
	return out
}

func defaultHeaderTable(out []byte) []byte {
	out = append(out, "\n## response_headers\n\nWithout a word in the policy every answer carries:\n\n| header | value |\n| --- | --- |\n"...)
	for _, h := range defaultHeaders {
		out = append(out, "| `"+h.name+"` | `"+h.value+"` |\n"...)
	}
	return out
}

func kindText(s *shape) string {
	switch {
	case s.words != nil:
		return "`" + strings.Join(s.words, "`, `") + "`"
	case s.json == "integer":
		return s.called + ", " + strconv.FormatInt(s.min, 10) + " to " + strconv.FormatInt(s.max, 10)
	case s.json == "array":
		return s.called + ", at most " + strconv.FormatInt(s.max, 10)
	}
	return s.called
}

func defaultText(f description) string {
	switch {
	case f.required:
		return "required"
	case f.def == "" || f.def == "{}":
		return ""
	}
	return "`" + plain(f.def) + "`"
}

// exampleText shows an example where the kind alone does not say enough.
func exampleText(f description) string {
	if f.shape.words != nil || f.shape.json == "integer" || f.shape.fields != nil {
		return ""
	}
	return " Example: `" + plain(f.example) + "`"
}

// plain writes a JSON string as YAML would have it.
func plain(json string) string {
	if s := strings.Trim(json, `"`); json == `"`+s+`"` && s != "" && !strings.Contains(s, `"`) {
		return s
	}
	return json
}
