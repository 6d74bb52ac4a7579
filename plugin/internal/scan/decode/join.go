package decode

import "unicode/utf8"

// Marks appends text without the single marks that stand between two letters
// or digits, as in "i-g-n.o.r.e". Spaces stay.
func Marks(dst, text []byte) ([]byte, int) {
	n := 0
	for i, c := range text {
		if i > 0 && i+1 < len(text) && c > ' ' && !isWord(c) && isWord(text[i-1]) && isWord(text[i+1]) {
			n++
			continue
		}
		dst = append(dst, c)
	}
	return dst, n
}

// minSingles is the least number of single letters in a row that are put
// together: "U S A" is not an attack.
const minSingles = 4

// Singles appends text with single letters in a row put together: what lies
// between two of them goes, and becomes a space where it is wider than between
// the first two. With only, nothing but these letters is left, and not even a
// space between them: their words are to be looked for at every letter.
func Singles(dst, text []byte, only bool) ([]byte, int) {
	n := 0
	for i := 0; i < len(text); {
		end, letters, step := singles(text, i)
		if letters < minSingles {
			next := max(end, i+1)
			if !only {
				dst = append(dst, text[i:next]...)
			}
			i = next
			continue
		}
		n += letters
		for gap := 0; i < end; i++ {
			if isWord(text[i]) {
				if gap > step && !only {
					dst = append(dst, ' ')
				}
				dst, gap = append(dst, text[i]), 0
			} else {
				gap++
			}
		}
		dst = append(dst, '\n')
	}
	return dst, n
}

// widest is the most bytes between two single letters of a row.
const widest = 6

// singles returns where the row of single letters ends that begins at text[i],
// how many there are, and how far apart the first two are. A row that is not
// one ends behind the word or mark at text[i].
func singles(text []byte, i int) (end, letters, step int) {
	end = i
	for i < len(text) && isWord(text[i]) {
		_, n := utf8.DecodeRune(text[i:])
		if i+n < len(text) && isWord(text[i+n]) {
			if letters == 0 { // a word
				for end < len(text) && isWord(text[end]) {
					end++
				}
			}
			return end, letters, step
		}
		letters++
		i += n
		end = i
		gap := 0
		for i < len(text) && !isWord(text[i]) && gap <= widest {
			i, gap = i+1, gap+1
		}
		if letters == 1 {
			step = gap
		}
		if gap > widest {
			break
		}
	}
	return end, letters, step
}
