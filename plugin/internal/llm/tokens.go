package llm

// Tokens estimates how many tokens a model makes of text, for budgets that have
// to be reserved before the model has counted.
//
// It is a sum of weights over classes of bytes and their neighbours, fitted to
// OpenAI's o200k_base on prompts, translations and source code. Summed over the
// texts of one language it is off there by at most 12 % for English, German,
// Spanish, Chinese, Japanese, Korean and source code, and by at most 25 % for
// JSON and 30 more languages; TestTokens shows it on samples. cl100k_base and
// older tokenizers make up to five times as many tokens of scripts other than
// Latin. Text made to be expensive, such as random letters, has up to three
// times as many tokens as estimated.
func Tokens(text []byte) int64 {
	var e estimator
	e.add(text)
	return e.count()
}

// Tokens estimates how many tokens of input r costs: its texts, definitions of
// tools included, the frame around each of them, and its media.
func (r *Request) Tokens() int64 {
	n := int64(r.Media) * tokensPerMedium
	for i := range r.Texts {
		n += Tokens(r.Texts[i].Value) + tokensPerText
	}
	return n
}

const (
	// tokensPerText is what a message costs beside its text: 3 or 4 by OpenAI's
	// cookbook on counting tokens for chat models.
	tokensPerText = 4
	// tokensPerMedium is the price of a picture of 1024 by 1024 in GPT-4o's high
	// detail. Others cost from 85 to some thousands.
	tokensPerMedium = 765
)

// estimator counts tokens of a text that comes in pieces.
type estimator struct {
	weight int64 // in parts of a token
	last   class
}

// parts is how many parts of a token a weight of 1 stands for.
const parts = 64

func (e *estimator) add(p []byte) {
	weight, last := e.weight, e.last
	for _, c := range p {
		k := classes[c]
		weight += int64(weights[last][k])
		if k != inside {
			last = k
		}
	}
	e.weight, e.last = weight, last
}

// count rounds up: what is there costs at least one token.
func (e *estimator) count() int64 { return (e.weight + parts - 1) / parts }

// class is a kind of byte. For a character of several bytes the first one
// stands for all.
type class uint8

const (
	newline class = iota // also where a text starts
	space
	lower
	upper
	digit
	mark    // all other ASCII
	inside  // of a character
	latin   // with accents
	greek   // and Cyrillic
	semitic // Armenian, Hebrew, Arabic
	indic   // and Thai
	eastern // Georgian, Khmer, Vietnamese letters
	symbol
	kana
	han
	hangul
	private // and full width
	astral  // emoji and rare scripts
	numClasses
)

var (
	classes = newClasses()
	weights = newWeights()
)

func newClasses() (t [256]class) {
	fill := func(from, to int, k class) {
		for c := from; c <= to; c++ {
			t[c] = k
		}
	}
	fill(0, 0x7f, mark)
	fill('a', 'z', lower)
	fill('A', 'Z', upper)
	fill('0', '9', digit)
	t[' '], t['\t'], t['\r'], t['\n'] = space, space, space, newline
	fill(0x80, 0xbf, inside)
	fill(0xc0, 0xcb, latin)
	fill(0xcc, 0xd3, greek)
	fill(0xd4, 0xdf, semitic)
	fill(0xe0, 0xe0, indic)
	fill(0xe1, 0xe1, eastern)
	fill(0xe2, 0xe2, symbol)
	fill(0xe3, 0xe3, kana)
	fill(0xe4, 0xe9, han)
	fill(0xea, 0xed, hangul)
	fill(0xee, 0xef, private)
	fill(0xf0, 0xff, astral)
	return t
}

// newWeights returns the weight of a byte by its class and the one before it.
func newWeights() (t [numClasses][numClasses]uint16) {
	single := [numClasses]uint16{lower: 15, upper: 15, digit: 7, mark: 16, latin: 72, greek: 18, semitic: 20, indic: 26,
		eastern: 28, symbol: 97, kana: 41, han: 51, hangul: 43, private: 10, astral: 192}
	for before := range t {
		t[before] = single
	}
	for before := range numClasses {
		if before != digit {
			t[before][digit] += 95
		}
		if before != mark {
			t[before][mark] += 35
		}
		if before != newline {
			t[before][newline] += 18
		}
		if before != greek && before != semitic { // a new word
			t[before][greek] += 18
			t[before][semitic] += 18
		}
	}
	t[lower][upper] += 32 // camelCase
	t[latin][upper] += 32
	t[space][space] += 4
	t[newline][space] += 4
	return t
}
