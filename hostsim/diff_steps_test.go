package hostsim_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/http2"
)

// patience is how long a client waits for a host, in all, with no slack.
const patience = 3 * time.Second

// eachStep takes the steps of a section one by one, as a command and what stands behind
// it, until one reports an error. "pause 50ms" is a step of every section.
func eachStep(steps string, take func(command, rest string) error) (line string, err error) {
	for line := range strings.Lines(steps) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		command, rest, _ := strings.Cut(line, " ")
		if command == "pause" {
			err = pause(rest)
		} else {
			err = take(command, rest)
		}
		if err != nil {
			return line, err
		}
	}
	return "", nil
}

func pause(duration string) error {
	d, err := time.ParseDuration(duration)
	time.Sleep(d)
	return err
}

// errDone ends a section before its last step.
var errDone = errors.New("done")

var errNoStep = errors.New("no such step")

// clientSteps plays a client section. The step that fails is the last, and is written
// down.
func clientSteps(out *strings.Builder, steps string, take func(command, rest string) error) {
	if line, err := eachStep(steps, take); err != nil {
		fmt.Fprintf(out, "! %s: %v\n", line, plain(err))
	}
}

// plain takes addresses and the like out of an error.
func plain(err error) string {
	var timeout net.Error
	var reset *http2.ResetError
	switch {
	case errors.As(err, &reset):
		return fmt.Sprint("reset ", reset.Code)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed):
		return "closed"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "nothing came"
	case strings.Contains(err.Error(), "reset by peer") || strings.Contains(err.Error(), "broken pipe"):
		return "closed"
	}
	return err.Error()
}

// listenAll serves each connection to a new address, which it returns, until the test is
// over.
func listenAll(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// fields makes a header map of "name: value | name: value".
func fields(kind header.Kind, text string) *header.Map {
	m := header.New(kind)
	for _, field := range strings.Split(text, "|") {
		if name, value, ok := strings.Cut(strings.TrimSpace(field), ": "); ok {
			m.Add(name, value)
		}
	}
	return m
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

// rawPiece is the text of a step that sends bytes over HTTP/1: known is false for others.
//
//	body TEXT, fill N (of a letter), chunk TEXT, last | name: value, raw TEXT with Go's escapes
func rawPiece(command, rest, letter string) (text string, known bool, err error) {
	switch command {
	case "body":
		text = rest
	case "fill":
		var n int
		n, err = strconv.Atoi(rest)
		text = strings.Repeat(letter, n)
	case "chunk":
		text = fmt.Sprintf("%x\r\n%s\r\n", len(rest), rest)
	case "last":
		text = "0\r\n" + headerLines(rest) + "\r\n"
	case "raw":
		text, err = strconv.Unquote(`"` + rest + `"`)
	default:
		return "", false, nil
	}
	return text, true, err
}

// shorten quotes bytes, long ones by their ends and length.
func shorten(data []byte) string {
	if len(data) > 200 {
		return fmt.Sprintf("%q...%q %d", data[:20], data[len(data)-20:], len(data))
	}
	return strconv.Quote(string(data))
}
