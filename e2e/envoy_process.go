package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// envoyProcess is a running Envoy.
type envoyProcess struct {
	cmd       *exec.Cmd
	adminFile string
	done      chan struct{} // closed when the process has ended
	mu        sync.Mutex
	output    bytes.Buffer // all that it printed
}

// startEnvoy starts Envoy on a configuration, in a folder for its files.
func startEnvoy(binary, dir string, workers int, config tree) (*envoyProcess, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "bootstrap.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	p := &envoyProcess{adminFile: filepath.Join(dir, "admin.address"), done: make(chan struct{})}
	p.cmd = exec.Command(binary, "--config-path", file, "--concurrency", strconv.Itoa(workers),
		"--use-dynamic-base-id", "--admin-address-path", p.adminFile,
		"--log-level", "warning", "--component-log-level", "wasm:info",
		"--file-flush-interval-msec", "10", "--drain-time-s", "1", "--drain-strategy", "immediate")
	p.cmd.Env = append(os.Environ(), credential+"="+credentialValue)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Write collects the output of the process.
func (p *envoyProcess) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

// mark is the length of the output now, for since.
func (p *envoyProcess) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Len()
}

// containerLag is how long Docker may take to hand on what a container has printed.
const containerLag = 500 * time.Millisecond

// awaitOutput waits until Envoy's output is here, if it runs in a container: until no
// more has come for a while.
func (p *envoyProcess) awaitOutput() {
	if os.Getenv("ENVOY_IMAGE") == "" {
		return
	}
	for before := -1; before != p.mark(); time.Sleep(containerLag) {
		before = p.mark()
	}
}

// since returns what was printed after a mark.
func (p *envoyProcess) since(mark int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.output.Bytes()[mark:])
}

// alive returns an error with the output when the process has ended.
func (p *envoyProcess) alive() error {
	select {
	case <-p.done:
		return fmt.Errorf("the proxy (Envoy) ended: %v\n%s", p.cmd.ProcessState, p.since(0))
	default:
		return nil
	}
}

func (p *envoyProcess) stop() {
	p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		p.cmd.Process.Kill()
		<-p.done
	}
}

// admin gets a page of the admin interface.
func (p *envoyProcess) admin(ctx context.Context, path string) (string, error) {
	addr, err := os.ReadFile(p.adminFile)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+string(addr)+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("admin %s: %s", path, resp.Status)
	}
	return string(text), err
}

// vms returns how many VMs run in the process.
func (p *envoyProcess) vms(ctx context.Context) (int, error) {
	text, err := p.admin(ctx, "/stats?filter=^wasm.envoy.wasm.runtime.v8.active$")
	if err != nil {
		return 0, err
	}
	_, number, _ := strings.Cut(strings.TrimSpace(text), ": ")
	return strconv.Atoi(number)
}

// awaitReady waits until the first listeners serve.
func (p *envoyProcess) awaitReady(ctx context.Context) error {
	return p.await(ctx, "become ready", func() (bool, error) {
		_, err := p.admin(ctx, "/ready")
		return err == nil, nil
	})
}

// await polls until done says so or returns an error, the process ends or ctx does.
func (p *envoyProcess) await(ctx context.Context, what string, done func() (bool, error)) error {
	for {
		if err := p.alive(); err != nil {
			return err
		}
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the proxy (Envoy) did not %s in time\n%s", what, p.since(0))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// awaitListener waits until the named listener serves, and returns its address;
// or until Envoy has rejected it, and returns the reason.
func (p *envoyProcess) awaitListener(ctx context.Context, name string) (addr string, err error) {
	err = p.await(ctx, "serve listener "+name, func() (bool, error) {
		if addr = p.listener(ctx, name); addr != "" {
			return true, nil
		}
		if why := p.rejection(ctx, name); why != "" {
			return false, errors.New("Envoy rejected the listener: " + why)
		}
		return false, nil
	})
	return addr, err
}

// listener returns the address on which the named listener serves, or "".
func (p *envoyProcess) listener(ctx context.Context, name string) string {
	text, err := p.admin(ctx, "/listeners?format=json")
	if err != nil {
		return ""
	}
	var answer struct {
		Statuses []struct {
			Name  string
			Local struct {
				Socket struct {
					Address string
					Port    int `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if json.Unmarshal([]byte(text), &answer) != nil {
		return ""
	}
	for _, s := range answer.Statuses {
		if s.Name == name && s.Local.Socket.Port != 0 {
			return s.Local.Socket.Address + ":" + strconv.Itoa(s.Local.Socket.Port)
		}
	}
	return ""
}

// rejection returns why the named listener was not accepted, or "".
func (p *envoyProcess) rejection(ctx context.Context, name string) string {
	text, err := p.admin(ctx, "/config_dump?resource=dynamic_listeners&mask=name,error_state.details")
	if err != nil {
		return ""
	}
	var answer struct {
		Configs []struct {
			Name  string
			Error struct{ Details string } `json:"error_state"`
		}
	}
	if json.Unmarshal([]byte(text), &answer) != nil {
		return ""
	}
	for _, c := range answer.Configs {
		if c.Name == name {
			return strings.TrimSpace(c.Error.Details)
		}
	}
	return ""
}
