package guard

import "strings"

// fields are the headers of a message in order, duplicates included. The host
// gives names in lower case.
type fields [][2]string

// first returns the first value of a header and how many values it has.
//
//go:noinline
func (f fields) first(name string) (value string, n int) {
	for i := range f {
		if f[i][0] == name {
			if n == 0 {
				value = f[i][1]
			}
			n++
		}
	}
	return value, n
}

// get returns the first value of a header, or "".
//
//go:noinline
func (f fields) get(name string) string {
	value, _ := f.first(name)
	return value
}

// all returns the values of a header in order.
func (f fields) all(name string) []string {
	var values []string
	for i := range f {
		if f[i][0] == name {
			values = append(values, f[i][1])
		}
	}
	return values
}

// single are the headers whose meaning is one value: with two of them, or two
// in one, the filter and the upstream may read different ones.
var single = [...]string{
	"authorization", "content-type", "content-encoding", "content-length", "x-request-id",
}

// duplicated names the first header that must be single and is not.
func (f fields) duplicated() (name string, found bool) {
	for _, name := range single {
		if _, n := f.first(name); n > 1 {
			return name, true
		}
	}
	return "", false
}

// internal is the prefix of headers that only this filter sets. A client's
// copies are removed, so that what follows in the chain can believe them.
const internal = "x-sparkward-"

// stripInternal lists the edits that remove a client's internal headers.
func (f fields) stripInternal(edits []Edit) []Edit {
	for i := range f {
		if strings.HasPrefix(f[i][0], internal) {
			edits = append(edits, Edit{Name: f[i][0], Remove: true})
		}
	}
	return edits
}

// Apply returns the headers after the edits, in order: a replaced header
// stands where its first value stood, a new one at the end.
func Apply(headers [][2]string, edits []Edit) [][2]string {
	for _, e := range edits {
		headers = applyOne(headers, e)
	}
	return headers
}

func applyOne(headers [][2]string, e Edit) [][2]string {
	at := fields(headers).index(e.Name, 0)
	if at < 0 {
		if e.Remove {
			return headers
		}
		return append(headers, [2]string{e.Name, e.Value})
	}
	if !e.Remove {
		headers[at][1] = e.Value
		at = fields(headers).index(e.Name, at+1)
	}
	for ; at >= 0; at = fields(headers).index(e.Name, at) {
		headers = append(headers[:at], headers[at+1:]...)
	}
	return headers
}

// index returns the place of a header's next value, from one on, or -1.
func (f fields) index(name string, from int) int {
	for i := from; i < len(f); i++ {
		if f[i][0] == name {
			return i
		}
	}
	return -1
}
