package hostsim_test

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/http2"
)

// diffClient2 plays the client section of a case over HTTP/2:
//
//	> METHOD /path | name: value | ...   opens a stream; the request goes on
//	> METHOD! /path | ...                opens a stream that ends with its headers
//	> body TEXT      sends a DATA frame; "> end TEXT" one that ends the stream
//	> last | name: value                 sends trailers
//	> reset          resets the stream
//	> bighead SIZE N opens a stream with N headers of SIZE bytes; the request ends
//	<                reads frames to the end of the response and prints them
//	< frame          reads what has come
//	pause 50ms, close
type diffClient2 struct {
	address  string
	settle   func()
	patience time.Duration
	conn     *http2.Conn
	raw      net.Conn
	stream   *http2.Stream
	out      strings.Builder
}

func (c *diffClient2) run(steps string) {
	clientSteps(&c.out, steps, c.step)
	c.close()
}

func (c *diffClient2) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *diffClient2) open() (err error) {
	if c.conn != nil {
		return nil
	}
	if c.raw, err = net.Dial("tcp", c.address); err != nil {
		return err
	}
	c.conn, err = http2.NewClient(c.raw)
	return err
}

func (c *diffClient2) step(command, rest string) error {
	if command == "close" {
		c.close()
		return nil
	}
	if err := c.open(); err != nil {
		return err
	}
	if command == ">" {
		defer c.settle()
		return c.send(rest)
	}
	timer := time.AfterFunc(c.patience, c.conn.Close)
	defer timer.Stop()
	return c.receive(rest)
}

func (c *diffClient2) send(what string) (err error) {
	kind, rest, _ := strings.Cut(what, " ")
	switch kind {
	case "body", "end":
		return c.stream.Send([]http2.Part{{Data: []byte(rest), End: kind == "end"}})
	case "last":
		return c.stream.Send([]http2.Part{{Trailers: fields(header.Trailer, rest), End: true}})
	case "reset":
		c.stream.Reset(8)
		return nil
	case "bighead":
		var size, n int
		fmt.Sscan(rest, &size, &n)
		kind, rest = "GET!", "/"+strings.Repeat(" | x-big: "+strings.Repeat("b", size), n)
	}
	method, end := strings.CutSuffix(kind, "!")
	target, rest, _ := strings.Cut(rest, " | ")
	m := header.New(header.Request)
	m.Add(":method", method)
	m.Add(":scheme", "http")
	m.Add(":path", target)
	m.Add(":authority", "test")
	for _, f := range fields(header.Request, rest).Fields() {
		m.Add(f.Name, f.Value)
	}
	if c.stream, err = c.conn.Open(); err != nil {
		return err
	}
	return c.stream.Send([]http2.Part{{Headers: m, End: end}})
}

func (c *diffClient2) receive(what string) error {
	for {
		parts, err := c.stream.Next()
		if err != nil {
			return err
		}
		for _, p := range parts {
			c.print(p)
		}
		if what == "frame" || parts[len(parts)-1].End {
			return nil
		}
	}
}

func (c *diffClient2) print(p http2.Part) {
	for _, m := range []*header.Map{p.Headers, p.Trailers} {
		for _, f := range m.Fields() {
			fmt.Fprintf(&c.out, "< %s: %s\n", f.Name, f.Value)
		}
	}
	if p.Headers == nil && p.Trailers == nil {
		fmt.Fprintf(&c.out, "< %s\n", shorten(p.Data))
	}
	if p.End {
		c.out.WriteString("< end\n")
	}
}
