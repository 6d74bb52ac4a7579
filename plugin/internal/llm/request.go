package llm

// Role says who wrote a text.
type Role uint8

// User comes first: a text whose author is not known counts as the user's.
// Document is text from elsewhere: files, retrieved documents, embedding inputs,
// fields that are not known. Definition is the description of a tool or of a
// format for the answer.
const (
	User Role = iota
	System
	Assistant
	Tool
	Document
	Definition
	numRoles
)

// inherit marks texts of a message whose "role" has not been read yet.
const inherit Role = 255

var roleNames = [numRoles]string{"user", "system", "assistant", "tool", "document", "definition"}

// String returns the name used in policies and reports.
func (r Role) String() string {
	if r >= numRoles {
		return "unknown"
	}
	return roleNames[r]
}

// Text is one text of a request. It is valid until the body changes or its
// Request is used again.
type Text struct {
	Role Role
	Path Path
	// Value is the decoded text, never empty: a slice of the body unless it had
	// to be unescaped.
	Value []byte
	// Start and End are the range in the body that Value was read from. In JSON
	// it is the whole string literal with its quotes.
	Start, End int

	form form
}

// form is how a Value is written between Start and End.
type form uint8

const (
	jsonString form = iota
	jsonBase64      // a string that holds base64, or a data URL
	urlEncoded      // a form field
	uploaded        // the content of a part of an upload
	wholeBody
)

// Limits bound what Parse takes. Zero means the default.
type Limits struct {
	// Depth is how deep arrays and objects may nest; 64 by default, 512 at most.
	Depth int
	// Texts is how many texts a body may have; 4096 by default.
	Texts int
}

const (
	defaultDepth = 64
	maxDepth     = 512
	defaultTexts = 4096
)

func (l Limits) withDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Texts <= 0 {
		l.Texts = defaultTexts
	}
	l.Depth = min(l.Depth, maxDepth)
	return l
}

// Request is what a body asks for. Use one value for many bodies: Parse empties
// it and reuses its memory.
type Request struct {
	// Model is empty when the body names none; see PathModel.
	Model  string
	Stream bool
	// ModelText is where the model stands in a JSON body, for Rewrite; its
	// Value is empty when the body names none.
	ModelText Text
	// MaxTokens is the largest completion that the body allows, in tokens, over
	// all choices asked for; 0 when it sets no bound.
	MaxTokens int64
	// Texts are in the order of the body.
	Texts []Text
	// Media counts images, recordings and files that hold no text.
	Media int

	body    []byte
	arena   []byte // decoded texts
	blobs   []blob // files that wait for the end of their object
	choices int64
	// delimiter stands between the parts of an upload.
	delimiter []byte
	last      string // the last Model, so that the same one is not allocated again
}

func (r *Request) reset(body []byte) {
	*r = Request{Texts: r.Texts[:0], body: body, arena: r.arena[:0], blobs: r.blobs[:0], choices: 1, last: r.last}
}

func (r *Request) setModel(name []byte) {
	if string(name) != r.last {
		r.last = string(name)
	}
	r.Model = r.last
}
