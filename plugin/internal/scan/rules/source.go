package rules

// Source is a rule set as people write it.
type Source struct {
	Lists   []List
	Guards  []Guard
	Derived []Derived
	Rules   []Definition
	// Common names classes whose words most texts have: a rule is looked into
	// only once a word for a slot without them was met. It changes nothing but
	// the speed.
	Common []string
}

// List is some words of a class; several lists may add to one class. A word
// ending in * also matches longer words that begin so. A word with spaces is a
// phrase; one to three spaces or punctuation marks may stand between its
// words. A word that begins with punctuation is matched byte for byte; one that
// begins with ^ is matched at the start of a line. Case, accents and
// compatibility forms make no difference.
type List struct {
	Class string
	Words []string
	// Mix asks to find the words also with their inner letters mixed, if they
	// are of five or more ASCII letters.
	Mix bool
	// Seen asks to keep the words though no rule may use them: Matcher.Seen
	// tells of them.
	Seen bool
}

// Signal begins the names of the lists that hold telling words as ciphers of
// letters write them: behind it stands how far the alphabet was moved,
// "mirrored" or "reversed", or nothing for the list of all of these.
const Signal = "signal:"

// Guard says that a word of Class does not count within so many words behind
// one of By.
type Guard struct {
	Class, By string
	Within    int
}

// Derived is a class that is not a list of words but of forms: where one
// matches, the class is met at the last of its words. Forms may use classes
// that are derived before.
type Derived struct {
	Class string
	Forms []Form
}

// Definition is a rule: it matches if any of its forms does.
type Definition struct {
	ID, Category string
	Severity     uint8 // 0 low to 3 critical
	Forms        []Form
}

// Form is one way to match a rule: a word for each slot, all within so many
// words, in any order or in that of the slots.
type Form struct {
	// Slots holds for each slot the classes whose words fill it. A name in
	// double quotes is a word by itself.
	Slots   [][]string
	Within  int // 1 to 200
	Ordered bool
	Unless  []Unless
}

// Unless says that a word of Class rules out a match: within so many words
// before it or in it, or, with After, behind it.
type Unless struct {
	Class  string
	Within int
	After  bool
}

// Error says what is wrong with a Source.
type Error struct {
	// At names the list or rule.
	At string
	// Problem says what to change.
	Problem string
}

func (e *Error) Error() string { return e.At + ": " + e.Problem }
