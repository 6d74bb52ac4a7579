package e2e

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/sparkward/sparkward/e2e/provider"
)

// epoch is the time that the provider's answers carry, and at which the
// simulator's clock starts.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// upstream is a provider that can be stopped and started again on its address.
type upstream struct {
	*provider.Server
	addr string
	srv  *http.Server // nil while stopped
}

// credential is the environment variable in which policies of scenarios find the
// gateway's own key at the provider.
const credential, credentialValue = "E2E_CREDENTIAL", "sk-of-the-gateway"

// environment is what a VM sees of the variables that it asks for.
func environment(names []string) map[string]string {
	env := map[string]string{}
	for _, name := range names {
		if name == credential {
			env[name] = credentialValue
		}
	}
	return env
}

func newUpstream() (*upstream, error) {
	u := &upstream{Server: provider.New(func() time.Time { return epoch }), addr: "127.0.0.1:0"}
	return u, u.start()
}

// start listens again; without effect when it runs.
func (u *upstream) start() error {
	if u.srv != nil {
		return nil
	}
	l, err := net.Listen("tcp", u.addr)
	if err != nil {
		return err
	}
	u.addr, u.srv = l.Addr().String(), provider.NewHTTPServer(u.Server)
	go u.srv.Serve(l)
	return nil
}

// stop closes the listener and every connection.
func (u *upstream) stop() {
	if u.srv != nil {
		u.srv.Close()
		u.srv = nil
	}
}

// renew makes the provider as if just started, for the next scenario.
func (u *upstream) renew(ctx context.Context) error {
	if err := u.start(); err != nil {
		return err
	}
	u.Forget()
	return nil
}
