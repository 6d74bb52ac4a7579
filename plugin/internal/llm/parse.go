package llm

// Parse reads body, the whole body of a request to api with the given
// content type, into dst. It returns nil or an *Error; after an error dst holds
// what was read before it, which is no basis for a decision.
//
// Work and memory are linear in len(body): texts without escapes are slices of
// body, the others go to one buffer of dst.
func Parse(api API, contentType string, body []byte, lim Limits, dst *Request) error {
	dst.reset(body)
	if api >= numAPIs {
		api = Other
	}
	w := walker{lexer: lexer{b: body}, lim: lim.withDefaults(), req: dst}
	if !w.document(shapes[api], Document) {
		return w.err
	}
	dst.finish()
	return nil
}

func (r *Request) finish() {
	if r.choices > 1 {
		if r.MaxTokens > maxInt64/r.choices {
			r.MaxTokens = maxInt64
		} else {
			r.MaxTokens *= r.choices
		}
	}
}

const maxInt64 = 1<<63 - 1
