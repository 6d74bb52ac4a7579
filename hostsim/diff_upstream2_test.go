package hostsim_test

import (
	"encoding/binary"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/http1"
	"github.com/sparkward/sparkward/hostsim/internal/http2"
)

// startUpstream2 starts an HTTP/2 server that plays the same upstream sections and writes
// to the same record as an HTTP/1.1 one. Its steps:
//
//	early                       as there
//	CODE | name: value | ...    sends headers; "CODE! ..." ends the stream with them
//	body TEXT                   sends a DATA frame; "end TEXT" ends the stream with it
//	grpc TEXT                   sends a gRPC message in a DATA frame
//	last | name: value          sends trailers
//	reset, close, pause 50ms
func (u *diffUpstream) startUpstream2(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r := http1.NewReader(conn)
				if r.Begins(http2.Preface) {
					http2.Serve(conn, r.Rest(), func(s *http2.Stream) { go u.serve2(conn, s) }).Run()
				}
			}()
		}
	}()
	return l.Addr().String()
}

func (u *diffUpstream) serve2(conn net.Conn, s *http2.Stream) {
	u.count(1)
	defer u.count(-1)
	u.mu.Lock()
	steps := u.steps
	u.mu.Unlock()
	if steps == plainAnswer {
		steps = "200 | content-type: text/plain\nend ok"
	}
	steps, early := strings.CutPrefix(strings.TrimSpace(steps), "early\n")
	answered := false
	for {
		parts, err := s.Next()
		if err != nil {
			u.printf("> %s\n", plain2(err))
			return
		}
		for _, p := range parts {
			u.printPart(p)
		}
		s.Ack(64 << 10)
		end := parts[len(parts)-1].End
		if !answered && (early || end) {
			answered = true
			u.answer2(conn, s, steps)
		}
		if end {
			return
		}
	}
}

func (u *diffUpstream) printPart(p http2.Part) {
	u.printFields(p.Headers)
	u.printFields(p.Trailers)
	if p.Headers == nil && p.Trailers == nil {
		u.printf("> %s\n", shorten(p.Data))
	}
	if p.End {
		u.printf("> end\n")
	}
}

func (u *diffUpstream) answer2(conn net.Conn, s *http2.Stream, steps string) {
	for line := range strings.Lines(steps) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		var p http2.Part
		switch kind {
		case "", "#":
			continue
		case "pause":
			d, _ := time.ParseDuration(rest)
			time.Sleep(d)
			continue
		case "close":
			conn.Close()
			return
		case "reset":
			s.Reset(8)
			return
		case "body", "end":
			p = http2.Part{Data: []byte(rest), End: kind == "end"}
		case "grpc":
			p = http2.Part{Data: append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(rest))), rest...)}
		case "last":
			p = http2.Part{Trailers: fields(header.Trailer, rest), End: true}
		default:
			code, end := strings.CutSuffix(kind, "!")
			if _, err := strconv.Atoi(code); err != nil {
				u.printf("! no such step: %s\n", line)
				return
			}
			m := header.New(header.Response)
			m.Add(":status", code)
			for _, f := range fields(header.Response, rest).Fields() {
				m.Add(f.Name, f.Value)
			}
			p = http2.Part{Headers: m, End: end}
		}
		if s.Send([]http2.Part{p}) != nil {
			return
		}
		if kind == "body" || kind == "grpc" {
			u.settle()
		}
	}
}

// startTCP starts a server for plain connections. Each plays the upstream section: "read"
// reads and writes down some bytes, "body TEXT", "pause 50ms", "half" and "close" as in a
// client section. Without a section it sends back what it reads.
func (u *diffUpstream) startTCP(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				u.count(1)
				defer u.count(-1)
				u.mu.Lock()
				steps := u.steps
				u.mu.Unlock()
				if steps == plainAnswer {
					for u.readTCP(conn, true) {
					}
					return
				}
				u.playTCP(conn, steps)
			}()
		}
	}()
	return l.Addr().String()
}

func (u *diffUpstream) readTCP(conn net.Conn, echo bool) bool {
	buffer := make([]byte, 4096)
	n, err := conn.Read(buffer)
	if err != nil {
		u.printf("> closed\n")
		return false
	}
	u.printf("> %s\n", shorten(buffer[:n]))
	if echo {
		conn.Write(buffer[:n])
	}
	return true
}

func (u *diffUpstream) playTCP(conn net.Conn, steps string) {
	for line := range strings.Lines(steps) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "read":
			if !u.readTCP(conn, false) {
				return
			}
		case "body":
			conn.Write([]byte(rest))
			u.settle()
		case "pause":
			d, _ := time.ParseDuration(rest)
			time.Sleep(d)
		case "half":
			conn.(*net.TCPConn).CloseWrite()
			u.settle()
		case "close":
			return
		}
	}
}
