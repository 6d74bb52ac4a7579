//go:build prometheus

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// prometheus is a Prometheus that looks each second at an Envoy with the filter,
// by the configuration that is shipped.
type prometheus struct {
	t      *testing.T
	envoy  *together
	addr   string
	daemon *daemon
}

// prometheusWait is how long Prometheus may take to see what has happened.
const prometheusWait = time.Minute

func startPrometheus(t *testing.T, envoy *together) *prometheus {
	t.Helper()
	dir := t.TempDir()
	admin, err := os.ReadFile(envoy.proc.adminFile)
	if err != nil {
		t.Fatal(err)
	}
	writePrometheusConfig(t, dir, map[string]string{"sparkward": envoy.addr, "envoy": string(admin)})
	port := freePorts(t, 1)[0]
	p := &prometheus{t: t, envoy: envoy, addr: "127.0.0.1:" + port}
	p.daemon = newDaemon(t, port, nil, "prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+p.addr, "--log.level=warn")
	p.daemon.start()
	p.await("ready", func() error {
		resp, err := http.Get("http://" + p.addr + "/-/ready")
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			err = errors.New(resp.Status)
		}
		return err
	})
	p.await("both pages seen", func() error {
		if n := p.numbers("sum(up)", ""); n[""] != 2 {
			return fmt.Errorf("sum(up) is %v", n)
		}
		return nil
	})
	return p
}

// writePrometheusConfig writes the shipped configuration with other addresses and
// more haste.
func writePrometheusConfig(t *testing.T, dir string, targets map[string]string) {
	t.Helper()
	text, err := os.ReadFile("../envoy/prometheus/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config tree
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	config["global"] = tree{"scrape_interval": "1s", "evaluation_interval": "1s"}
	for _, job := range config["scrape_configs"].([]any) {
		job := job.(tree)
		job["static_configs"] = []any{tree{"targets": []any{targets[job["job_name"].(string)]}}}
	}
	if text, err = yaml.Marshal(config); err != nil {
		t.Fatal(err)
	}
	alerts, err := os.ReadFile("../envoy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"prometheus.yml": text, "alerts.yml": alerts, "master-key": []byte("sk-master\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// await waits until there is nothing wrong.
func (p *prometheus) await(what string, wrong func() error) {
	p.t.Helper()
	var err error
	for deadline := time.Now().Add(prometheusWait); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if err = wrong(); err == nil {
			return
		}
	}
	p.t.Fatalf("%s: %v\n%s", what, err, lastLines(p.daemon.said.String()))
}

// ask gets an answer of Prometheus' API.
func (p *prometheus) ask(path string, data any) error {
	resp, err := http.Get("http://" + p.addr + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer := struct {
		Error string
		Data  any
	}{Data: data}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	return nil
}

// numbers evaluates a query and returns its values by a label.
func (p *prometheus) numbers(query, label string) map[string]float64 {
	p.t.Helper()
	var data struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	if err := p.ask("/api/v1/query?query="+url.QueryEscape(query), &data); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	values := map[string]float64{}
	for _, r := range data.Result {
		text, _ := r.Value[1].(string)
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			p.t.Fatalf("%s: %v", query, err)
		}
		values[r.Metric[label]] = n
	}
	return values
}

// alerts returns the states of those that are not silent.
func (p *prometheus) alerts() (map[string]string, error) {
	var data struct {
		Alerts []struct {
			Labels struct{ Alertname string }
			State  string
		}
	}
	if err := p.ask("/api/v1/alerts", &data); err != nil {
		return nil, err
	}
	states := map[string]string{}
	for _, a := range data.Alerts {
		states[a.Labels.Alertname] = a.State
	}
	return states, nil
}

// awaitAlerts waits until these alerts and no others are in these states.
func (p *prometheus) awaitAlerts(what string, want map[string]string) {
	p.t.Helper()
	p.await(what, func() error {
		states, err := p.alerts()
		if err == nil && !maps.Equal(states, want) {
			err = fmt.Errorf("alerts %v, want %v", states, want)
		}
		return err
	})
}
