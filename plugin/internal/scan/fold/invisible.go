package fold

// Invisible tells whether r takes no room of its own on the screen: zero-width
// and format characters, fillers, direction marks, tags. Variation selectors
// and bidi controls count too.
func Invisible(r rune) bool {
	switch {
	case r < 0x300:
		return r == 0xAD
	case r == 0x34F, r == 0x61C, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5,
		r >= 0x180B && r <= 0x180F,
		r >= 0x200B && r <= 0x200F,
		r >= 0x202A && r <= 0x202E,
		r >= 0x2060 && r <= 0x206F,
		r == 0x3164,
		r >= 0xFE00 && r <= 0xFE0F,
		r == 0xFEFF, r == 0xFFA0,
		r >= 0xFFF0 && r <= 0xFFFB,
		r >= 0x1BCA0 && r <= 0x1BCA3,
		r >= 0x1D173 && r <= 0x1D17A,
		r >= 0xE0000 && r <= 0xE0FFF:
		return true
	}
	return false
}
