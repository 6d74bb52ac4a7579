package decode

import "unicode/utf8"

// The functions of this file take folded text.

// leet maps digits and marks to the letters that they stand for. What 1, ! and
// | stand for is given apart: i or l.
var leet = [128]byte{
	'0': 'o', '2': 'z', '3': 'e', '4': 'a', '5': 's', '6': 'g', '7': 't', '8': 'b', '9': 'g',
	'@': 'a', '$': 's', '(': 'c', '+': 't',
}

// Leet appends folded text with digits and marks read as letters, the marks
// only where they touch one. one is what 1 stands for: i or l. It returns how
// many words had both letters and others.
func Leet(dst, text []byte, one byte) ([]byte, int) {
	n := 0
	for i := 0; i < len(text); {
		if !leetAt(text, i) {
			dst = append(dst, text[i])
			i++
			continue
		}
		letters, others := false, false
		for ; i < len(text) && leetAt(text, i); i++ {
			c := text[i]
			switch {
			case isLetter(c):
				letters = true
			case c == '1' || c == '!' || c == '|':
				c, others = one, true
			default:
				c, others = leet[c], true
			}
			dst = append(dst, c)
		}
		if letters && others {
			n++
		}
	}
	return dst, n
}

// leetAt tells whether text[i] can be part of a word in leetspeak.
func leetAt(text []byte, i int) bool {
	c := text[i]
	switch {
	case isLetter(c), isDigit(c):
		return true
	case c == '@' || c == '$' || c == '!' || c == '|': // at the end of a word it is a mark
		return i+1 < len(text) && (isLetter(text[i+1]) || isDigit(text[i+1])) || c == '$' && i > 0 && isLetter(text[i-1])
	case c == '(' || c == '+':
		return i > 0 && isLetter(text[i-1]) && i+1 < len(text) && isLetter(text[i+1])
	}
	return false
}

// Rotate appends folded text with each ASCII letter moved on by shift places
// in the alphabet.
func Rotate(dst, text []byte, shift int) []byte {
	for _, c := range text {
		if isLetter(c) {
			c = 'a' + byte((int(c-'a')+shift)%26)
		}
		dst = append(dst, c)
	}
	return dst
}

// Mirror appends folded text with the ASCII letters in the order of the
// alphabet turned round: a for z.
func Mirror(dst, text []byte) []byte {
	for _, c := range text {
		if isLetter(c) {
			c = 'a' + 'z' - c
		}
		dst = append(dst, c)
	}
	return dst
}

// Reverse appends text with its characters in reverse order.
func Reverse(dst, text []byte) []byte {
	for len(text) > 0 {
		_, n := utf8.DecodeLastRune(text)
		dst = append(dst, text[len(text)-n:]...)
		text = text[:len(text)-n]
	}
	return dst
}

// ReverseWords appends text with the characters between white space in reverse
// order.
func ReverseWords(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && text[end] > ' ' {
			end++
		}
		if end == i {
			dst = append(dst, text[i])
			i++
			continue
		}
		dst = Reverse(dst, text[i:end])
		i = end
	}
	return dst
}

// EachWord calls f for each run of ASCII letters in text, with where it begins
// and ends.
func EachWord(text []byte, f func(from, to int)) {
	for i := 0; i < len(text); i++ {
		from := i
		for i < len(text) && isLetter(text[i]) {
			i++
		}
		if i > from {
			f(from, i)
		}
	}
}
