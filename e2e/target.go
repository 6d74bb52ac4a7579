package e2e

import (
	"context"
	"strings"
	"time"
)

// setup is what a scenario asks of its host.
type setup struct {
	name      string // of the scenario; unique among those that run
	policy    string // YAML
	wasm      string // path of the filter
	workers   int
	fresh     bool                          // a host that has served no other scenario
	counts    bool                          // the scenario looks at statistics
	bodyLimit int                           // Envoy's request_body_buffer_limit in bytes; 0 = as rendered
	provider  string                        // where the clusters openai and anthropic are, as sparkctl -upstream takes it; "" = the main upstream
	getCache  bool                          // with Envoy's cache for GET, though the upstream has no TLS
	spare     bool                          // the host has a third cluster, called spare
	tls       bool                          // clients speak TLS, and may show a certificate
	yield     func(worker int, call string) // hostsim's Options.Yield
	idle      string                        // Envoy's stream_idle_timeout; "" = as shipped
	stop      string                        // "true" or "false": allow_on_headers_stop_iteration whatever the policy wants
}

// spare is the name of a cluster that the shipped configuration does not have.
const spare = "spare"

// target runs filters: one host for each scenario.
type target interface {
	// start returns a host whose filter serves, or an error; *refusal when the
	// filter refused its configuration.
	start(ctx context.Context, s setup) (host, error)
	close()
}

// host is a filter that serves, for one scenario.
type host interface {
	addr() string
	upstreams() upstreams
	// stats returns the filter's statistics, as they changed since the start.
	stats(ctx context.Context) (map[string]int64, error)
	// audits returns the audit field of every request that ended, in order.
	audits() ([]string, error)
	logs() []logLine
	// printed is everything that host and filter wrote, and kept, in this scenario.
	printed() string
	// advance lets time pass: on a clock of the host's own, or really.
	advance(d time.Duration)
	realTime() bool
	close()
}

// logLine is one message of the filter.
type logLine struct {
	level string // trace, debug, info, warning, error or critical
	text  string
}

// refusal is a configuration that the filter did not accept.
type refusal struct{ lines []string }

func (r *refusal) Error() string {
	return "the filter refused its configuration: " + strings.Join(r.lines, "\n")
}

// critical returns the messages that say why a filter did not start, each once:
// every VM of a host prints them.
func critical(logs []logLine) []string {
	return dedupe(logs, func(l logLine) bool { return l.level == "critical" || l.level == "error" })
}

// dedupe returns the texts of the lines that match, in order, each once.
func dedupe(logs []logLine, match func(logLine) bool) []string {
	var out []string
	seen := map[string]bool{}
	for _, l := range logs {
		if match(l) && !seen[l.text] {
			seen[l.text] = true
			out = append(out, strings.Split(l.text, "\n")...)
		}
	}
	return out
}

// cutLogPrefix takes off what a host writes before a filter's message, which
// ends with the VM's id. found is false for what no filter of that VM said.
func cutLogPrefix(line, vm string) (text string, found bool) {
	before, text, found := strings.Cut(line, " "+vm+": ")
	return text, found && strings.Contains(before, "wasm log ")
}
