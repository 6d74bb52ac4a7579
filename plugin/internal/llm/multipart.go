package llm

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// maxPartHeader bounds the headers of one part, in bytes.
const maxPartHeader = 4096

// badUpload is what is said of an upload that readers may split in two ways.
const badUpload = "this upload is not strict multipart/form-data: send CRLF line ends, one name for each part, and nothing outside of the parts"

// multipart reads a form upload. Readers differ on all that is unusual here
// (bare line feeds, text around the parts, parameters given twice), so all
// that is refused.
func (w *walker) multipart(boundary string) bool {
	if boundary == "" || len(boundary) > 70 {
		return w.refuse(UnsupportedMediaType, "want a boundary of 1 to 70 characters in the content type")
	}
	delimiter := []byte("\r\n--" + boundary)
	w.req.delimiter = delimiter
	rest, ok := bytes.CutPrefix(w.b, delimiter[2:])
	for ok {
		if bytes.HasPrefix(rest, []byte("--")) {
			return string(rest) == "--" || string(rest) == "--\r\n" || w.refuse(Invalid, badUpload)
		}
		if rest, ok = bytes.CutPrefix(rest, []byte("\r\n")); !ok {
			break
		}
		size := bytes.Index(rest, delimiter)
		if size < 0 {
			break
		}
		if !w.part(len(w.b)-len(rest), rest[:size]) {
			return false
		}
		rest = rest[size+len(delimiter):]
	}
	return w.refuse(Invalid, badUpload)
}

// part is what the headers of one part say.
type part struct {
	form, file bool // a name, the name of a file
	name       string
	text       bool // the type or the file's name stands for text
	bytes      bool // the type does not
	typed      bool // there was a type
	foreign    bool // in an encoding that is not read
}

// part reads one part; p starts at the byte at.
func (w *walker) part(at int, p []byte) bool {
	h, size := readPart(p)
	lo, hi := at+size, at+len(p)
	switch v := p[size:]; {
	case !h.form:
		return w.refuse(Invalid, badUpload)
	case h.foreign:
		return w.refuse(UnsupportedMediaType, "a part has a charset, a transfer encoding or a type that is not supported; send UTF-8 or files as they are")
	case utf8.Valid(v) && !wide(v):
		role := User
		if h.file {
			role = Document
		}
		return w.raw(role, uploaded, at, lo, hi)
	case h.text || wide(v) || (!h.file && !h.bytes):
		return w.refuse(NotUTF8, "a text of this upload is not UTF-8; send UTF-8")
	}
	w.req.Media++
	return true
}

// readPart reads the headers of a part and returns where its content starts.
// Without a name, or with headers that cannot be trusted, form is not set.
func readPart(p []byte) (h part, size int) {
	// An empty header block still ends with an empty line.
	size = bytes.Index(p[:min(len(p), maxPartHeader)], []byte("\r\n\r\n"))
	if size < 0 {
		return part{}, 0
	}
	for line := range strings.SplitSeq(string(p[:size]), "\r\n") {
		key, value, found := strings.Cut(line, ":")
		if !found || strings.ContainsAny(line, "\r\n\x00") || strings.ContainsAny(key, " \t\"") ||
			!h.header(strings.ToLower(key), strings.Trim(value, " \t")) {
			return part{}, size + 4
		}
	}
	return h, size + 4
}

// header takes one header. It reports false for one that is there twice.
func (h *part) header(key, value string) bool {
	switch key {
	case "content-disposition":
		kind, params, _ := strings.Cut(value, ";")
		return !h.form && strings.EqualFold(strings.TrimSpace(kind), "form-data") && h.disposition(params)
	case "content-type":
		t, ok := parseContentType(value)
		if h.typed {
			return false
		}
		h.typed, h.text, h.bytes = true, h.text || t.kind != someBytes, t.kind == someBytes
		h.foreign = h.foreign || !ok || !t.utf8 || t.kind == formData
	case "content-transfer-encoding":
		switch strings.ToLower(value) {
		case "7bit", "8bit", "binary":
		default:
			h.foreign = true
		}
	}
	return true
}

func (h *part) disposition(params string) bool {
	for params != "" {
		key, value, rest, ok := cutParam(params)
		if !ok {
			return false
		}
		params = rest
		switch strings.ToLower(key) {
		case "name":
			if h.form {
				return false
			}
			h.form, h.name = true, value
		case "filename", "filename*":
			h.file = true
			h.text = h.text || textual([]byte(value))
		case "name*":
			return false
		}
	}
	return h.form
}

// partAt returns the name of the part that starts at the byte at.
func partAt(b []byte, at int) []byte {
	h, _ := readPart(b[at:])
	return []byte(h.name)
}
