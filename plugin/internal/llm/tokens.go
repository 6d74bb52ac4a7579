package llm

// Tokens estimates how many tokens a model makes of text.
func Tokens(text []byte) int64 {
	var e estimator
	e.add(text)
	return e.count()
}

// estimator counts tokens of a text that comes in pieces.
type estimator struct {
	weight int64
}

func (e *estimator) add(p []byte) { e.weight += int64(len(p)) }

func (e *estimator) count() int64 { return (e.weight + 3) / 4 }
