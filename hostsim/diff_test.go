package hostsim_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sparkward/sparkward/e2e/script"
)

var (
	update = flag.Bool("update", false, "write what Envoy does into testdata/diff")
	only   = flag.String("only", "", "run the cases of TestEnvoy that begin with this, on an Envoy with no others")
)

// TestEnvoy runs each case on Envoy and on hostsim. Both must do what the case's file
// says, to the letter.
func TestEnvoy(t *testing.T) {
	if testing.Short() {
		t.Skip("make test runs it; it needs an Envoy and a minute")
	}
	cases := readCases(t)
	if *only != "" {
		cases = slices.DeleteFunc(cases, func(c *diffCase) bool { return !strings.HasPrefix(c.name, *only) })
	}
	saveTiny(t)
	onSim := simulateAll(t, cases)
	lab := newLab(t)
	e := startEnvoy(t, cases, lab)
	defer e.crash(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := stable(c.onEnvoy(t, e, lab.up, 1))
			if *update {
				if err := c.update(got); err != nil {
					t.Fatal(err)
				}
				c.sections["want"] = got
			}
			want := c.sections["want"]
			got = again(t, got, want, func(slack factor) string { return stable(c.onEnvoy(t, e, lab.up, slack)) })
			compare(t, "Envoy", got, want)
			sim := again(t, stable(<-onSim[c.name]), want, func(slack factor) string { return stable(c.onSim(t, slack)) })
			compare(t, "hostsim", sim, want)
		})
	}
}

// factor is how many times as long as usual a host is waited for. A step is taken to
// be over when a host has been still for a while, and on a busy machine a host can be
// still in the middle of one.
type factor int

func (f factor) times(d time.Duration) time.Duration { return time.Duration(f) * d }

// again plays a case anew, with ever more slack, while it does not give what it
// should. What a host really does otherwise it does each time.
func again(t *testing.T, got, want string, play func(factor) string) string {
	t.Helper()
	for _, slack := range []factor{4, 16} {
		if got == want {
			break
		}
		t.Logf("played again with %d times the patience, as the machine may have been busy:\n%s", slack, script.Diff(want, got))
		time.Sleep(slack.times(settleTime))
		got = play(slack)
	}
	return got
}

// lab is what stands behind a host: upstreams of each kind.
type lab struct {
	up        *diffUpstream
	addresses map[string]string // of clusters; empty for one without a host
}

func newLab(t testing.TB) *lab {
	up := startUpstream(t)
	return &lab{up, map[string]string{"up": up.address(), "other": up.address(), "dead": closedPort(t), "empty": "",
		"up2": up.startUpstream2(t), "tcp": up.startTCP(t)}}
}

// closedPort is an address that is taken but where nobody listens.
func closedPort(t testing.TB) string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
}

// play runs the client section and returns what the client saw.
func (c *diffCase) play(address string, settle func(), slack factor) string {
	if c.options.client2 {
		client := &diffClient2{address: address, settle: settle, patience: slack.times(patience)}
		client.run(c.sections["client"])
		return client.out.String()
	}
	client := &diffClient{address: address, settle: settle, patience: slack.times(patience), tcp: c.options.tcp}
	client.run(c.sections["client"])
	return client.out.String()
}

// seen is what the upstream saw.
func (c *diffCase) seen(up *diffUpstream) string {
	text := up.text()
	if c.options.blind {
		return ""
	}
	return text
}

func (c *diffCase) onEnvoy(t *testing.T, e *envoy, up *diffUpstream, slack factor) string {
	mark := len(e.log())
	settle := settler(func() int { return len(e.log()) }, slack)
	up.play(c.sections["upstream"], settle)
	client := c.play(e.addresses[c.name], settle, slack)
	trace := func() string { return e.transcript(c, mark) }
	access := func() string { return e.access(c, mark) }
	c.untilOver(trace, access, slack)
	return report(client, c.seen(up), access(), trace())
}
