package hostsim_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/http1"
)

// diffClient plays the client section of a case over a plain connection:
//
//	> METHOD /path | name: value | ...   sends the head of a request
//	> raw TEXT       sends TEXT, with Go's escapes
//	> bighead SIZE N sends the head of a GET with N headers of SIZE bytes
//	> body TEXT      sends a piece of a body as it is; "> fill N" sends N bytes
//	> chunk TEXT     sends one chunk
//	> last           sends the last chunk; "> last | name: value" with trailers
//	<                reads a response and prints it
//	< head           reads its head only; "< piece" then prints one piece of its body
//	< raw            reads some bytes
//	half             closes the sending half
//	pause 50ms       waits
//	close            closes the connection; the next step opens a new one
type diffClient struct {
	address  string
	tcp      bool // a connection alone brings something about
	patience time.Duration
	settle   func() // waits until the host has done what a step brought about
	conn     net.Conn
	reader   *http1.Reader
	method   string
	body     *http1.Body
	out      strings.Builder
}

// patience is how long a client waits for a host, in all, with no slack.
const patience = 3 * time.Second

func (c *diffClient) run(steps string) {
	for line := range strings.Lines(steps) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := c.step(line); err != nil {
			fmt.Fprintf(&c.out, "! %s: %v\n", line, plain(err))
			break
		}
	}
	c.close()
}

// plain takes addresses and the like out of an error.
func plain(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed):
		return "closed"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "nothing came"
	case strings.Contains(err.Error(), "reset by peer") || strings.Contains(err.Error(), "broken pipe"):
		return "closed"
	}
	return err.Error()
}

func (c *diffClient) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *diffClient) open() (err error) {
	if c.conn == nil {
		c.conn, err = net.Dial("tcp", c.address)
		c.reader = http1.NewReader(c.conn)
		if c.tcp {
			c.settle()
		}
	}
	return err
}

func (c *diffClient) step(line string) error {
	command, rest, _ := strings.Cut(line, " ")
	switch command {
	case "pause":
		d, err := time.ParseDuration(rest)
		time.Sleep(d)
		return err
	case "close":
		c.close()
		return nil
	}
	if err := c.open(); err != nil {
		return err
	}
	switch command {
	case "half":
		defer c.settle()
		return c.conn.(*net.TCPConn).CloseWrite()
	case ">":
		return c.send(rest)
	case "<":
		c.conn.SetReadDeadline(time.Now().Add(c.patience))
		return c.receive(rest)
	}
	return errors.New("no such step")
}

func (c *diffClient) send(what string) error {
	defer c.settle()
	kind, rest, _ := strings.Cut(what, " ")
	switch kind {
	case "raw":
		text, err := strconv.Unquote(`"` + rest + `"`)
		if err != nil {
			return err
		}
		c.method = "GET"
		return c.write(text)
	case "bighead":
		var size, n int
		fmt.Sscan(rest, &size, &n)
		c.method = "GET"
		return c.write("GET / HTTP/1.1\r\nhost: test\r\n" + strings.Repeat("x-big: "+strings.Repeat("b", size)+"\r\n", n) + "\r\n")
	case "body":
		return c.write(rest)
	case "fill":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		return c.write(strings.Repeat("x", n))
	case "chunk":
		return c.write(fmt.Sprintf("%x\r\n%s\r\n", len(rest), rest))
	case "last":
		return c.write("0\r\n" + headerLines(rest) + "\r\n")
	}
	c.method = kind
	target, headers, _ := strings.Cut(rest, " | ")
	text := kind + " " + target + " HTTP/1.1\r\n"
	if !strings.Contains("| "+headers, "| host:") {
		text += "host: test\r\n"
	}
	return c.write(text + headerLines(headers) + "\r\n")
}

// headerLines makes header lines of "name: value | name: value".
func headerLines(text string) string {
	out := ""
	for _, field := range strings.Split(text, "|") {
		if field = strings.TrimSpace(field); field != "" {
			out += field + "\r\n"
		}
	}
	return out
}

func (c *diffClient) write(text string) error {
	_, err := c.conn.Write([]byte(text))
	return err
}

func (c *diffClient) receive(what string) error {
	switch what {
	case "piece":
		return c.piece()
	case "raw":
		return c.raw()
	}
	head, err := c.reader.Response(c.method)
	if err != nil {
		return err
	}
	c.print(head.Headers)
	c.body = &head.Body
	if what == "head" {
		return nil
	}
	return c.rest()
}

// raw reads bytes as they are.
func (c *diffClient) raw() error {
	buffer := make([]byte, 4096)
	n, err := c.conn.Read(buffer)
	if n > 0 {
		fmt.Fprintf(&c.out, "< %s\n", shorten(buffer[:n]))
	}
	return err
}

func (c *diffClient) print(m *header.Map) {
	for _, f := range m.Fields() {
		fmt.Fprintf(&c.out, "< %s: %s\n", f.Name, f.Value)
	}
}

// rest reads a body to its end.
func (c *diffClient) rest() error {
	var all []byte
	for {
		data, end, trailers, err := c.reader.Read(c.body)
		all = append(all, data...)
		if end || err != nil {
			if len(all) > 0 {
				fmt.Fprintf(&c.out, "< %s\n", shorten(all))
			}
			c.print(trailers)
			return err
		}
	}
}

func (c *diffClient) piece() error {
	data, end, _, err := c.reader.Read(c.body)
	fmt.Fprintf(&c.out, "< piece %s\n", shorten(data))
	if end {
		c.out.WriteString("< end\n")
	}
	return err
}

// shorten quotes bytes, long ones by their ends and length.
func shorten(data []byte) string {
	if len(data) > 200 {
		return fmt.Sprintf("%q...%q %d", data[:20], data[len(data)-20:], len(data))
	}
	return strconv.Quote(string(data))
}

var volatile = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`), "DATE"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`(x-envoy-upstream-service-time"?: ?"?)\d+`), "${1}N"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
}

// stable replaces what differs from run to run.
func stable(text string) string {
	for _, v := range volatile {
		text = v.pattern.ReplaceAllString(text, v.with)
	}
	return text
}
