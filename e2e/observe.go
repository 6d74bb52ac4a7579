package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/e2e/provider"
	"github.com/sparkward/sparkward/e2e/script"
)

// hiddenUpstream are request headers that the hosts add in ways of their own.
var hiddenUpstream = []string{"accept-encoding", "content-length", "transfer-encoding", "user-agent",
	"x-envoy-expected-rq-timeout-ms", "x-envoy-external-address", "x-forwarded-for", "x-forwarded-proto",
	"x-request-id", "te", "trailer"}

// upstream shows what arrived there, or stops and starts it.
func (s *scenario) upstream(ctx context.Context, step script.Step) ([]string, error) {
	up, words := s.host.upstreams().main, step.Words
	if len(words) > 0 && words[0] == spare {
		up, words = s.host.upstreams().spare, words[1:]
	}
	switch strings.Join(words, " ") {
	case "saw":
		return s.saw(ctx, up)
	case "stop":
		up.stop()
		return nil, nil
	case "start":
		return nil, up.start()
	case "arrivals":
		return []string{strconv.Itoa(len(up.Seen()) - s.seen[up])}, nil
	}
	if len(words) == 2 && words[0] == "release" {
		up.Release(words[1])
		return nil, nil
	}
	return nil, errors.New("want saw, arrivals, stop, start or release NAME")
}

// saw shows the whole requests that arrived since the last time. A request that
// was taken back before its end is left out: whether its first bytes had been
// sent by then is a matter of luck.
func (s *scenario) saw(ctx context.Context, up *upstream) ([]string, error) {
	if _, err := s.settle(ctx); err != nil {
		return nil, err
	}
	if err := up.WaitIdle(ctx); err != nil {
		return nil, fmt.Errorf("the upstream is still at work: %w", err)
	}
	all := up.Seen()
	var kinds []string
	for _, e := range all[min(s.seen[up], len(all)):] {
		if e.Whole {
			kinds = append(kinds, strings.Join(seenLines(e), "\n"))
		}
	}
	s.seen[up] = len(all)
	return strings.Split(strings.Join(counted(kinds), "\n\n"), "\n"), nil
}

func seenLines(e provider.Seen) []string {
	out := []string{e.Method + " " + e.Path}
	for _, name := range names(e.Header) {
		if !slices.Contains(hiddenUpstream, name) {
			for _, v := range e.Header.Values(name) {
				out = append(out, name+": "+v)
			}
		}
	}
	if e.Body != "" {
		out = append(out, "")
		for _, l := range strings.Split(e.Body, "\n") {
			out = append(out, shorten(l))
		}
	}
	return out
}

// stream sends a request and reads the answer event by event, letting the
// upstream send one only when the one before has arrived here. A host that
// holds a stream back therefore never gets to the end.
func (s *scenario) stream(ctx context.Context, step script.Step) ([]string, error) {
	d, err := s.delivery(step)
	if err != nil {
		return nil, err
	}
	d.Set("x-demo-gate", "stream")
	c := s.dial(d)
	defer c.Close()
	resp, err := c.Send(ctx, d.Request)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	events := 0
	for {
		event, err := readEvent(resp.Body)
		a.body += event
		if a.cut = err != nil && err != io.EOF && closed(err); a.cut || err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("event %d did not arrive before the next was sent: %w", events+1, err)
		}
		if events++; events == d.events {
			break
		}
		s.host.upstreams().main.Release("stream")
		s.host.upstreams().spare.Release("stream")
	}
	s.sent++
	s.heard.add(a)
	resp.Body.Close() // over HTTP/2 this resets the stream; the connection alone would wait for it
	c.Close()
	out := append(a.show(d), fmt.Sprintf("(%d events, each here before the next was sent)", events))
	_, err = s.settle(ctx)
	return out, err
}

// readEvent reads to the empty line that ends an event, byte by byte, so that
// nothing of the next one is waited for.
func readEvent(r io.Reader) (string, error) {
	var got bytes.Buffer
	one := make([]byte, 1)
	for !bytes.HasSuffix(got.Bytes(), []byte("\n\n")) {
		if _, err := io.ReadFull(r, one); err != nil {
			return got.String(), err
		}
		got.Write(one)
	}
	return got.String(), nil
}
