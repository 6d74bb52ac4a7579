package llm

// frames reads application/vnd.amazon.eventstream and gives the payload of each
// message to the reader's JSON feed. A message is: its length and that of its
// headers (four bytes each, big-endian), a checksum, headers, payload, a
// checksum. The checksums are for the client to check.
type frames struct {
	at      int // in the current message
	prelude [8]byte
	payload int // where it starts
	end     int // where it ends
	head    [maxFrameHead]byte
	bad     bool
}

const (
	prelude = 12
	// maxFrameHead is how much of a message's headers is looked at, in bytes.
	// Bedrock's take about 100.
	maxFrameHead = 256
	// maxFrame is the longest message, in bytes: 16 MiB by AWS's reference.
	maxFrame = 16 << 20
)

func (f *frames) write(u *UsageReader, p []byte) {
	for len(p) > 0 && !f.bad {
		n := 0
		switch {
		case f.at < len(f.prelude):
			n = copy(f.prelude[f.at:], p)
			if f.at+n == len(f.prelude) {
				f.begin()
			}
		case f.at < f.payload:
			n = min(f.payload-f.at, len(p))
			if at := f.at - prelude; at+n > 0 && at < len(f.head) {
				copy(f.head[max(at, 0):], p[max(-at, 0):n])
			}
		case f.at < f.end:
			n = min(f.end-f.at, len(p))
			u.json.write(p[:n])
		default: // the checksum
			n = min(f.end+4-f.at, len(p))
		}
		f.at += n
		p = p[n:]
		if f.at >= prelude && f.at == f.end+4 {
			f.finish(u)
		}
	}
}

// begin reads the lengths.
func (f *frames) begin() {
	size, heads := be32(f.prelude[:4]), be32(f.prelude[4:])
	if size > maxFrame || heads > size || size-heads < prelude+4 {
		f.bad = true
		return
	}
	f.payload, f.end = prelude+heads, size-4
}

func be32(b []byte) int {
	return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
}

// finish ends a message.
func (f *frames) finish(u *UsageReader) {
	u.headers(f.head[:min(f.payload-prelude, len(f.head))])
	u.json.reset()
	f.at, f.payload, f.end = 0, 0, 0
}

// between reports whether no message is open.
func (f *frames) between() bool { return f.at == 0 && !f.bad }

// headers looks for what marks a message as an error or as the last: name
// length, name, type 7, two bytes of length, value.
func (u *UsageReader) headers(b []byte) {
	for len(b) > 1 {
		n := int(b[0])
		if len(b) < 1+n+3 || b[1+n] != 7 {
			return
		}
		name, rest := b[1:1+n], b[1+n+3:]
		size := int(b[1+n+1])<<8 | int(b[1+n+2])
		if size > len(rest) {
			return
		}
		switch value := rest[:size]; string(name) {
		case ":message-type":
			u.failed = u.failed || string(value) != "event"
		case ":event-type":
			u.last = u.last || string(value) == "metadata" // of Converse
		}
		b = rest[size:]
	}
}
