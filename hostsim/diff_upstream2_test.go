package hostsim_test

import (
	"encoding/binary"
	"net"
	"strconv"
	"strings"
	"testing"

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
	return listenAll(t, func(conn net.Conn) {
		r := http1.NewReader(conn)
		if r.Begins(http2.Preface) {
			http2.Serve(conn, r.Rest(), func(s *http2.Stream) { go u.serve2(conn, s) }).Run()
		}
	})
}

func (u *diffUpstream) serve2(conn net.Conn, s *http2.Stream) {
	u.count(1)
	defer u.count(-1)
	steps := u.section()
	if steps == plainAnswer {
		steps = "200 | content-type: text/plain\nend ok"
	}
	steps, early := strings.CutPrefix(strings.TrimSpace(steps), "early\n")
	answered := false
	for {
		parts, err := s.Next()
		if err != nil {
			u.printf("> %s\n", plain(err))
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
	eachStep(steps, func(command, rest string) error {
		switch command {
		case "close":
			conn.Close()
			return errDone
		case "reset":
			s.Reset(8)
			return errDone
		}
		part, err := partOf(command, rest)
		if err != nil {
			u.printf("! no such step: %s %s\n", command, rest)
			return err
		}
		if err := s.Send([]http2.Part{part}); err != nil {
			return err
		}
		if command == "body" || command == "grpc" {
			u.settle()
		}
		return nil
	})
}

// partOf is what a step sends.
func partOf(command, rest string) (http2.Part, error) {
	switch command {
	case "body", "end":
		return http2.Part{Data: []byte(rest), End: command == "end"}, nil
	case "grpc":
		return http2.Part{Data: append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(rest))), rest...)}, nil
	case "last":
		return http2.Part{Trailers: fields(header.Trailer, rest), End: true}, nil
	}
	code, end := strings.CutSuffix(command, "!")
	m := header.New(header.Response)
	m.Add(":status", code)
	for _, f := range fields(header.Response, rest).Fields() {
		m.Add(f.Name, f.Value)
	}
	_, err := strconv.Atoi(code)
	return http2.Part{Headers: m, End: end}, err
}
