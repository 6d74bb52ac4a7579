package guard

import (
	"strconv"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// audit collects what the audit line says of a request. It holds names from
// the policy and the rule set, never a key or any prompt text.
type audit struct {
	decision, reason, cause string
	limit, breaker          string
	would                   []string
	rules                   []string
	layer                   string
	score                   int
	sanitised               int   // bytes taken out
	input, output           int64 // tokens
	flagged                 bool
}

// silent says that the checks so far had nothing to say.
func (a *audit) silent() bool {
	return a.cause == "" && len(a.would) == 0 && len(a.rules) == 0 && !a.flagged
}

// findings notes the rules that matched, each once, in the order found.
func (a *audit) findings(report *scan.Report) {
	a.score = report.Score
	for _, f := range report.Findings {
		if f.Layer != "plain" && a.layer == "" {
			a.layer = f.Layer
		}
		a.rules = appendOnce(a.rules, f.Rule)
	}
}

func appendOnce(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

// append writes the audit line: one compact JSON object in which a member
// that has nothing to say is left out.
func (a *audit) append(b []byte, r *Request) []byte {
	b = appendField(b, `{"decision":`, a.decision)
	b = appendMember(b, `,"reason":`, a.reason)
	b = appendMember(b, `,"cause":`, a.cause)
	b = appendMember(b, `,"user":`, r.user)
	b = appendLabels(b, r.key)
	b = appendMember(b, `,"address":`, r.address)
	b = appendMember(b, `,"api":`, r.api.String())
	b = appendList(b, `,"would":`, a.would)
	b = appendList(b, `,"rules":`, a.rules)
	b = appendMember(b, `,"layer":`, a.layer)
	if a.score > 0 {
		b = strconv.AppendInt(append(b, `,"score":`...), int64(a.score), 10)
	}
	if a.sanitised > 0 {
		b = appendNumber(b, `,"sanitised":`, int64(a.sanitised))
	}
	if a.flagged {
		b = append(b, `,"flagged":true`...)
	}
	if a.input+a.output > 0 {
		b = appendNumber(b, `,"input_tokens":`, a.input)
		b = appendNumber(b, `,"output_tokens":`, a.output)
	}
	b = appendMember(b, `,"limit":`, a.limit)
	if r.cache != nil {
		b = appendField(b, `,"cache":`, r.cache.state)
	}
	b = appendMember(b, `,"breaker":`, a.breaker)
	b = appendMember(b, `,"cluster":`, r.cluster)
	return append(b, '}')
}

// appendLabels writes the labels that the policy gives a key.
func appendLabels(b []byte, key *apikey.Key) []byte {
	if key == nil || len(key.Labels) == 0 {
		return b
	}
	b = append(b, `,"labels":`...)
	for i, l := range key.Labels {
		open := byte(',')
		if i == 0 {
			open = '{'
		}
		b = appendString(append(b, open), l.Name)
		b = appendString(append(b, ':'), l.Value)
	}
	return append(b, '}')
}

func appendMember(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	return appendField(b, key, value)
}

func appendList(b []byte, key string, values []string) []byte {
	if len(values) == 0 {
		return b
	}
	b = append(append(b, key...), '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, v)
	}
	return append(b, ']')
}
