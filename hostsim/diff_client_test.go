package hostsim_test

import (
	"errors"
	"fmt"
	"net"
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

func (c *diffClient) run(steps string) {
	clientSteps(&c.out, steps, c.step)
	c.close()
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

func (c *diffClient) step(command, rest string) error {
	if command == "close" {
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
	return errNoStep
}

func (c *diffClient) send(what string) error {
	defer c.settle()
	kind, rest, _ := strings.Cut(what, " ")
	if text, known, err := rawPiece(kind, rest, "x"); known {
		if kind == "raw" {
			c.method = "GET"
		}
		return errors.Join(err, c.write(text))
	}
	if kind == "bighead" {
		var size, n int
		fmt.Sscan(rest, &size, &n)
		c.method = "GET"
		return c.write("GET / HTTP/1.1\r\nhost: test\r\n" + strings.Repeat("x-big: "+strings.Repeat("b", size)+"\r\n", n) + "\r\n")
	}
	c.method = kind
	target, headers, _ := strings.Cut(rest, " | ")
	text := kind + " " + target + " HTTP/1.1\r\n"
	if !strings.Contains("| "+headers, "| host:") {
		text += "host: test\r\n"
	}
	return c.write(text + headerLines(headers) + "\r\n")
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
