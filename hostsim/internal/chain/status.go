// Package chain moves one HTTP stream through a chain of filters the way Envoy's
// filter manager does: who is called when, what is buffered while a filter waits,
// how a filter goes on later, and what a local reply does at each moment.
//
// Nothing here blocks, starts goroutines or locks: one worker calls it, one call at
// a time. What leaves the stream goes to a Downstream (the client's side) and a
// Terminal (the router).
package chain

// HeadersStatus is what a filter says after headers, in Envoy's numbering.
type HeadersStatus uint32

// After headers: go on; hold the headers but show the body to this filter; or hold
// everything, buffered up to the limit or with back-pressure.
const (
	HeadersContinue HeadersStatus = iota
	HeadersStop
	HeadersContinueDontEnd
	HeadersStopAllBuffer
	HeadersStopAllWatermark
)

// DataStatus is what a filter says after a piece of a body, in Envoy's numbering.
type DataStatus uint32

// After data: go on; hold and buffer up to the limit; hold with back-pressure; or
// hold and drop, because the filter keeps what it needs itself.
const (
	DataContinue DataStatus = iota
	DataStopBuffer
	DataStopWatermark
	DataStopNoBuffer
)

// TrailersStatus is what a filter says after trailers.
type TrailersStatus uint32

// After trailers: go on or hold.
const (
	TrailersContinue TrailersStatus = iota
	TrailersStop
)

// Buffer holds bytes of a body.
type Buffer struct{ B []byte }

// Len is the number of bytes; 0 for nil.
func (b *Buffer) Len() int {
	if b == nil {
		return 0
	}
	return len(b.B)
}

// Drain drops n bytes from the front, at most all.
func (b *Buffer) Drain(n int) { b.B = b.B[min(n, len(b.B)):] }

// Prepend puts data in front.
func (b *Buffer) Prepend(data []byte) {
	joined := make([]byte, 0, len(data)+len(b.B))
	b.B = append(append(joined, data...), b.B...)
}

// Append puts a copy of data behind.
func (b *Buffer) Append(data []byte) { b.B = append(b.B, data...) }

// move takes everything out of from.
func (b *Buffer) move(from *Buffer) {
	if len(b.B) == 0 {
		b.B, from.B = from.B, nil
		return
	}
	b.B, from.B = append(b.B, from.B...), nil
}
