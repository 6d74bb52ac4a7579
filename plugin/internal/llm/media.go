package llm

import (
	"bytes"
	"unicode/utf8"
)

const (
	// maxLabel is the longest string skipped as a name or an id, in bytes.
	// OpenAI's longest ids are 64.
	maxLabel = 64
	// maxAddress is the longest string skipped as the address of a file, in bytes.
	maxAddress = 2048
	// minBlob is the shortest string that is looked at as a file where nothing
	// says that it is one, in bytes.
	minBlob = 256
	// head is how much of a file is decoded to see whether it is text, in bytes
	// of base64. A picture or a recording shows a byte that is no text in its
	// first dozen.
	head = 96
)

// blob is a file in a string, kept until its object has said what it is.
type blob struct {
	at   literal
	role Role
}

// text does what a says with the string at l.
func (w *walker) text(a action, role Role, l literal) bool {
	switch a {
	case take:
	case takeAny:
		if l.hi-l.lo >= minBlob || (l.hi > l.lo && w.b[l.lo]|0x20 == 'd') {
			s := w.decoded(l)
			_, data, isURL := cutDataURL(s)
			if (isURL || isMedium(data)) && isBase64(data) {
				return w.file(l, role, scope{loose: true})
			}
		}
	case label:
		if l.hi-l.lo <= maxLabel && isLabel(w.decoded(l)) {
			return true
		}
	case opaque:
		if isBase64(w.decoded(l)) {
			return true
		}
	case media:
		if w.scope.open {
			w.req.blobs = append(w.req.blobs, blob{l, role})
			return true
		}
		return w.file(l, role, scope{})
	}
	return w.add(role, l, l.lo-1)
}

// settle looks into the files from the given index on.
func (w *walker) settle(from int) bool {
	for _, b := range w.req.blobs[from:] {
		if !w.file(b.at, b.role, w.scope) {
			return false
		}
	}
	w.req.blobs = w.req.blobs[:from]
	return true
}

// file looks at a string that may be a file's data or its address. Text in
// base64 is yielded decoded, other base64 and addresses are counted, and what
// is neither is yielded as it stands.
func (w *walker) file(l literal, role Role, sc scope) bool {
	s := w.decoded(l)
	kind, data, isURL := cutDataURL(s)
	isText := sc.text || textual(kind)
	switch {
	case isBase64(data) && (isURL || !sc.raw):
		if isText || looksText(data) {
			return w.encoded(l, data, role, isText, sc.loose)
		}
	case isURL:
		return w.fail(Ambiguous, l.lo-1, "this data URL holds what is not base64; send clean base64")
	case sc.raw || !isAddress(s):
		return w.add(role, l, l.lo-1)
	}
	w.req.Media++
	return true
}

// encoded yields the text in base64, if it is one after all. Data may be in the
// free part of the arena.
func (w *walker) encoded(l literal, data []byte, role Role, isText, loose bool) bool {
	n := len(w.req.arena)
	if l.escaped {
		w.req.arena = append(w.req.arena, data...)
		data = w.req.arena[n:]
		n = len(w.req.arena)
	}
	w.req.arena = decode64(w.req.arena, data)
	v := w.req.arena[n:len(w.req.arena):len(w.req.arena)]
	if !utf8.Valid(v) {
		w.req.arena = w.req.arena[:n]
		switch {
		case !isText:
			w.req.Media++
			return true
		case loose:
			return w.add(role, l, l.lo-1)
		}
		return w.fail(NotUTF8, l.lo-1, "this file is said to be text but is not UTF-8; send UTF-8")
	}
	if role == User || role == inherit {
		role = Document
	}
	return w.yield(Text{Role: role, Value: v, Start: l.lo - 1, End: l.hi + 1, form: jsonBase64,
		Path: Path{w.req, int32(l.lo - 1), jsonBase64}})
}

// isLabel reports whether s is one word of ASCII.
func isLabel(s []byte) bool {
	for _, c := range s {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// isAddress reports whether s may be a URL or the id of an uploaded file.
func isAddress(s []byte) bool {
	return len(s) <= maxAddress && isLabel(s) && !hasFold(s, "data:")
}

// cutDataURL splits data:TYPE;base64,DATA. What is none of these is all data.
func cutDataURL(s []byte) (kind, data []byte, ok bool) {
	if !hasFold(s, "data:") {
		return nil, s, false
	}
	comma := bytes.IndexByte(s[:min(len(s), maxAddress)], ',')
	const mark = ";base64"
	if comma < len("data:")+len(mark) || !hasFold(s[comma-len(mark):], mark) {
		return nil, s, false
	}
	return s[len("data:") : comma-len(mark)], s[comma+1:], true
}

// hasFold reports whether s starts with prefix, which is in lower case.
func hasFold(s []byte, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if c := s[i]; c != prefix[i] && !('A' <= c && c <= 'Z' && c|0x20 == prefix[i]) {
			return false
		}
	}
	return true
}

// textual reports whether a media type, the name of a file or its extension
// stands for text.
func textual(name []byte) bool {
	if i := bytes.IndexByte(name, ';'); i >= 0 {
		name = name[:i]
	}
	if name = bytes.TrimSpace(name); hasFold(name, "text/") {
		return true
	}
	if i := bytes.LastIndexAny(name, "/.+-"); i >= 0 {
		name = name[i+1:]
	}
	var buf [maxFold]byte
	ext, ok := fold(buf[:0], name)
	if !ok {
		return false
	}
	switch string(ext) {
	case "text", "txt", "plain", "md", "markdown", "csv", "tsv", "html", "htm", "xhtml", "json", "jsonl", "ndjson",
		"xml", "svg", "yaml", "yml", "toml", "log", "ini", "tex", "rst", "srt", "vtt", "py", "js", "javascript", "ts",
		"java", "c", "h", "cpp", "go", "rs", "sh", "sql", "css", "php", "rb":
		return true
	}
	return false
}
