package llm

import (
	"bytes"
	"unicode/utf8"
)

// Parse reads body, the whole body of a request to api with the given
// content type, into dst. It returns nil or an *Error; after an error dst holds
// what was read before it, which is no basis for a decision.
//
// A known API takes JSON whatever the content type says, because its servers
// do; uploads are refused. For other calls the content type decides, and a body
// that looks like JSON is read as JSON first. What is no text (an image, a
// protobuf message) counts as one medium.
//
// Work and memory are linear in len(body): texts without escapes are slices of
// body, the others go to one buffer of dst.
func Parse(api API, contentType string, body []byte, lim Limits, dst *Request) error {
	dst.reset(body)
	if api >= numAPIs {
		api = Other
	}
	w := walker{lexer: lexer{b: body}, lim: lim.withDefaults(), req: dst}
	if !w.parse(api, contentType) {
		return w.err
	}
	dst.finish()
	return nil
}

// refuse fails for the body as a whole.
func (w *walker) refuse(k Kind, want string) bool {
	if w.err == nil {
		w.err = &Error{Kind: k, Want: want, Path: "body"}
	}
	return false
}

func (w *walker) parse(api API, contentType string) bool {
	t, ok := parseContentType(contentType)
	switch {
	case !ok:
		return w.refuse(UnsupportedMediaType, "this content type cannot be read; send application/json")
	case !t.utf8:
		return w.refuse(UnsupportedMediaType, "this charset is not supported; send UTF-8")
	case shapes[api] != anything:
		if t.kind == formData {
			return w.refuse(UnsupportedMediaType, "this API takes JSON; send application/json")
		}
		return w.json(shapes[api])
	}
	switch t.kind {
	case jsonText:
		return w.json(anything)
	case jsonLines:
		return w.lines()
	case formData:
		return w.multipart(t.boundary)
	}
	if w.guess() || w.err != nil {
		return w.err == nil
	}
	if t.kind == formFields {
		return w.fields()
	}
	return w.whole(t.kind == someText)
}

// json reads the body as JSON. A byte order mark is no part of it.
func (w *walker) json(s *shape) bool {
	w.i = markLen(w.b)
	return w.document(s)
}

func markLen(b []byte) int {
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		return 3
	}
	return 0
}

// lines reads JSON values with white space between them.
func (w *walker) lines() bool {
	for w.next(); w.i < len(w.b); w.next() {
		if !w.value(anything, Document, 0) {
			return false
		}
	}
	return true
}

// guess reads a body that may be JSON in spite of its content type. It returns
// false without an error when it is not.
func (w *walker) guess() bool {
	if c := w.next(); c != '{' && c != '[' && c != '"' {
		w.i = 0
		return false
	}
	if w.document(anything) {
		return true
	}
	if w.err.Kind == Invalid || w.err.Kind == NotUTF8 {
		w.err, w.i = nil, 0
		w.req.reset(w.b)
	}
	return false
}

// whole yields the body as one text. isText says that it must be one.
func (w *walker) whole(isText bool) bool {
	switch {
	case wide(w.b) || (isText && bytes.IndexByte(w.b, 0) >= 0):
		return w.refuse(NotUTF8, "this body is UTF-16 or UTF-32; send UTF-8")
	case utf8.Valid(w.b):
		return w.raw(Document, wholeBody, 0, 0, len(w.b))
	case isText:
		return w.refuse(NotUTF8, "this body is not UTF-8; send UTF-8")
	}
	w.req.Media++
	return true
}

// raw yields b[lo:hi], which is UTF-8, as it stands; its path is read at the
// byte at.
func (w *walker) raw(role Role, f form, at, lo, hi int) bool {
	return w.yield(Text{Role: role, Value: w.b[lo:hi:hi], Start: lo, End: hi, form: f,
		Path: Path{w.req, int32(at), f}})
}

// wide reports whether b may be text in UTF-16 or UTF-32: by a byte order mark,
// or by zeros beside its first two characters. Python's JSON parser detects both.
func wide(b []byte) bool {
	if len(b) >= 2 && (b[0] == 0xfe && b[1] == 0xff || b[0] == 0xff && b[1] == 0xfe) {
		return true
	}
	for _, unit := range [...]struct{ size, at int }{{2, 0}, {2, 1}, {4, 0}, {4, 3}} {
		if len(b) >= 2*unit.size && isWide(b[:2*unit.size], unit.size, unit.at) {
			return true
		}
	}
	return false
}

// isWide reports whether each size bytes of b are an ASCII character at the
// given place among zeros.
func isWide(b []byte, size, at int) bool {
	for i, c := range b {
		printable := c >= ' ' && c <= '~' || c == '\n' || c == '\r' || c == '\t'
		if i%size == at && !printable || i%size != at && c != 0 {
			return false
		}
	}
	return true
}

const maxInt64 = 1<<63 - 1

// finish counts the allowed completion once for every choice.
func (r *Request) finish() {
	if r.choices > 1 && r.MaxTokens > maxInt64/r.choices {
		r.MaxTokens = maxInt64
		return
	}
	r.MaxTokens *= max(r.choices, 1)
}
