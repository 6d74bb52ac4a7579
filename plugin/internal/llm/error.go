package llm

import "strconv"

// Kind says why a body was refused.
type Kind uint8

// The kinds of refusal. Each has one fixed name, which String returns.
const (
	_ Kind = iota
	// Invalid is a body that is not strict JSON, or not a whole upload.
	Invalid
	// Wrong is a field whose value has a type that the API does not take.
	Wrong
	// Ambiguous is a body that two parsers may read in two ways.
	Ambiguous
	// TooDeep and TooMany are bounds from Limits.
	TooDeep
	TooMany
	// NotUTF8 is text in another encoding.
	NotUTF8
	// UnsupportedMediaType is a content type that cannot be read for this API.
	UnsupportedMediaType
)

var kindNames = [...]string{"", "invalid_body", "wrong_type", "ambiguous_body", "too_deep", "too_many_texts",
	"not_utf8", "unsupported_media_type"}

// String returns the kind's name, for metrics and audit lines.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

// Error tells why a body was refused. It holds no text of the body but short
// identifiers used as keys.
type Error struct {
	Kind Kind
	// Path is where in the body, such as messages[0].role, or "body".
	Path string
	// Offset is the byte at which reading stopped.
	Offset int
	// Want says what to send instead.
	Want string
}

// Error returns the place, the offset and what to change.
func (e *Error) Error() string {
	return e.Path + ": " + e.Want + " (byte " + strconv.Itoa(e.Offset) + ")"
}
