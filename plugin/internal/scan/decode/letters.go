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
	n, done := 0, 0 // done is how much of text was appended
	for i := 0; i < len(text); i++ {
		if !leetOther[text[i]] || !leetAt(text, i) {
			continue
		}
		start := i
		for start > done && isLetter(text[start-1]) {
			start--
		}
		dst = append(dst, text[done:start]...)
		letters := start < i
		for i = start; i < len(text) && leetAt(text, i); i++ {
			c := text[i]
			switch {
			case isLetter(c):
				letters = true
			case c == '1' || c == '!' || c == '|':
				c = one
			default:
				c = leet[c]
			}
			dst = append(dst, c)
		}
		if letters {
			n++
		}
		done = i
	}
	return append(dst, text[done:]...), n
}

// leetOther tells which bytes can stand for a letter.
var leetOther = [256]bool{
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true,
	'@': true, '$': true, '(': true, '+': true, '!': true, '|': true,
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
