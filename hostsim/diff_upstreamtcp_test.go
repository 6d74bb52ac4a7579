package hostsim_test

import (
	"net"
	"testing"
)

// startTCP starts a server for plain connections. Each plays the upstream section: "read"
// reads and writes down some bytes, "body TEXT", "pause 50ms", "half" and "close" as in a
// client section. Without a section it sends back what it reads.
func (u *diffUpstream) startTCP(t testing.TB) string {
	t.Helper()
	return listenAll(t, func(conn net.Conn) {
		u.count(1)
		defer u.count(-1)
		steps := u.section()
		if steps == plainAnswer {
			for u.readTCP(conn, true) {
			}
			return
		}
		u.playTCP(conn, steps)
	})
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
	eachStep(steps, func(command, rest string) error {
		switch command {
		case "read":
			if !u.readTCP(conn, false) {
				return errDone
			}
		case "body":
			conn.Write([]byte(rest))
			u.settle()
		case "half":
			conn.(*net.TCPConn).CloseWrite()
			u.settle()
		case "close":
			return errDone
		default:
			u.printf("! no such step: %s %s\n", command, rest)
			return errNoStep
		}
		return nil
	})
}
