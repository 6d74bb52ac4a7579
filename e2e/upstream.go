package e2e

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
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
	// mood are headers put on each request as it arrives, so that the provider
	// misbehaves whoever asks; nil for none.
	mood atomic.Pointer[map[string]string]
}

// ServeHTTP serves a request in the upstream's mood.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if mood := u.mood.Load(); mood != nil {
		for name, value := range *mood {
			r.Header.Set(name, value)
		}
	}
	u.Server.ServeHTTP(w, r)
}

// upstreams are the providers of a host, so that one can fail while the other is
// well.
type upstreams struct {
	main  *upstream // of openai and anthropic
	spare *upstream // of the cluster of this name
}

func newUpstreams() (u upstreams, err error) {
	if u.main, err = newUpstream(); err != nil {
		return u, err
	}
	if u.spare, err = newUpstream(); err != nil {
		u.main.stop()
	}
	return u, err
}

func (u upstreams) stop() {
	u.main.stop()
	u.spare.stop()
}

func (u upstreams) renew() error {
	return errors.Join(u.main.renew(), u.spare.renew())
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
	u := &upstream{Server: provider.New(func() time.Time { return epoch })}
	var err error
	for range 100 {
		u.addr = "127.0.0.1:" + strconv.Itoa(firstPort+rand.IntN(lastPort-firstPort))
		if err = u.start(); err == nil {
			return u, nil
		}
	}
	return nil, err
}

// An upstream that was stopped starts again on its port, so nobody else may get it
// meanwhile: these ports are below those that Linux gives to connections (32768 and
// above). A proxy that calls a stopped upstream from one of those could even be
// connected to itself.
const firstPort, lastPort = 20_000, 32_000

// start listens again; without effect when it runs.
func (u *upstream) start() error {
	if u.srv != nil {
		return nil
	}
	l, err := net.Listen("tcp", u.addr)
	if err != nil {
		return err
	}
	u.addr, u.srv = l.Addr().String(), provider.NewHTTPServer(u)
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
func (u *upstream) renew() error {
	if err := u.start(); err != nil {
		return err
	}
	u.mood.Store(nil)
	u.Forget()
	return nil
}
