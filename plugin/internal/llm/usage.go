package llm

import "strings"

// Usage is what an answer cost.
type Usage struct {
	// Input is how many tokens the prompt had, cached ones included; 0 when the
	// answer does not tell.
	Input int64
	// Output is how many tokens were generated, thinking included. Without a
	// final word from the server it is our own estimate of what came through,
	// if that is more.
	Output int64
	// Exact is set when both numbers are the server's last word.
	Exact bool
	// Complete is set when the answer came to its end without an error: the JSON
	// text is closed, the stream had its last event.
	Complete bool
	// Finish is why the model stopped, in the provider's words; at most 32 bytes.
	Finish string
}

// UsageReader finds usage in an answer while it passes by, however it is cut
// into pieces. It keeps some hundred bytes whatever the answer's size. The zero
// value is not usable: call Reset.
type UsageReader struct {
	framing framing
	json    feed // the answer, or the data of the current event
	inner   feed // JSON that stands in it in base64
	acc     uint32
	have    uint8 // sextets in acc
	decoded [1]byte
	sse     sse
	frames  frames

	counts  [numCounts]int64
	told    bool // one of counts was set
	text    estimator
	finish  [maxFinish]byte
	length  int  // of finish
	last    bool // something was said that only the last event says
	stopped bool // an event said that it is the last
	failed  bool // the answer is an error, or ends in one
}

// maxFinish is the longest reason to finish that is kept, in bytes.
const maxFinish = 32

// framing is how JSON is packed into an answer.
type framing uint8

const (
	asJSON   framing = iota // one value, or one after the other
	asEvents                // text/event-stream
	asFrames                // application/vnd.amazon.eventstream
)

// counts are the numbers that providers give.
type count uint8

const (
	input count = iota
	cacheWritten
	cacheRead
	toolInput
	output
	thoughts
	total
	numCounts
)

// Reset makes u ready for an answer with the given content type.
func (u *UsageReader) Reset(contentType string) {
	*u = UsageReader{}
	u.json.owner, u.inner.owner = u, u
	kind, _, _ := strings.Cut(contentType, ";")
	switch kind = strings.TrimSpace(kind); {
	case strings.EqualFold(kind, "text/event-stream"):
		u.framing = asEvents
	case strings.EqualFold(kind, "application/vnd.amazon.eventstream"):
		u.framing = asFrames
	}
}

// Write reads the next piece of the answer. It takes all of it and never fails.
func (u *UsageReader) Write(p []byte) (int, error) {
	switch u.framing {
	case asEvents:
		u.sse.write(u, p)
	case asFrames:
		u.frames.write(u, p)
	default:
		u.json.write(p)
	}
	return len(p), nil
}

// Spoke says that some of the answer's text has come by.
func (u *UsageReader) Spoke() bool { return u.text.count() > 0 }

// Result says what is known by now. It may be called at any time.
func (u *UsageReader) Result() Usage {
	r := Usage{Finish: string(u.finish[:u.length]), Complete: u.complete()}
	r.Input = add(add(u.counts[input], u.counts[cacheWritten]), add(u.counts[cacheRead], u.counts[toolInput]))
	r.Output = add(u.counts[output], u.counts[thoughts])
	if rest := u.counts[total] - r.Input; rest > r.Output {
		r.Output = rest // some servers leave thinking out of their output count
	}
	r.Exact = u.told && r.Complete
	if !r.Exact {
		r.Output = max(r.Output, u.text.count())
	}
	return r
}

// add returns a+b, or the largest number there is.
func add(a, b int64) int64 {
	if a > maxInt64-b {
		return maxInt64
	}
	return a + b
}

func (u *UsageReader) complete() bool {
	switch {
	case u.failed:
		return false
	case u.framing == asEvents:
		return u.stopped || u.sse.done() || (u.last && u.sse.between())
	case u.framing == asFrames:
		return (u.stopped || u.last) && u.frames.between()
	}
	return u.json.between() && u.json.values > 0
}

// tell keeps the largest value of a count: streams repeat growing sums.
func (u *UsageReader) tell(c count, n int64) {
	u.counts[c] = max(u.counts[c], n)
	u.told = true
}

// event takes the type that an event gives itself.
func (u *UsageReader) event(name []byte) {
	switch string(name) {
	case "message_stop", "response.completed", "response.incomplete":
		u.stopped = true
	case "error", "response.failed":
		u.failed = true
	}
}

// finished takes the reason to finish. The last one counts.
func (u *UsageReader) finished(m sense, reason []byte) {
	u.length = copy(u.finish[:], reason)
	u.last = u.last || m == lastReason
	if m == answerStatus {
		switch string(reason) {
		case "failed", "cancelled", "in_progress", "queued":
			u.failed = true
		}
	}
}

// decode takes base64 of the inner JSON.
func (u *UsageReader) decode(p []byte) {
	for _, c := range p {
		v := sextets[c]
		if v >= skip {
			continue
		}
		u.acc = u.acc<<6 | uint32(v)
		if u.have++; u.have > 1 {
			// The second, third and fourth of four each end a byte.
			u.decoded[0] = byte(u.acc >> (2 * (4 - u.have)))
			u.inner.write(u.decoded[:])
		}
		u.have &= 3
	}
}
