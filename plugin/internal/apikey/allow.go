package apikey

import "strings"

// AllowsModel says whether the key may use a model. Without a list it may use
// any; a body that names no model is only allowed where any is.
func (k *Key) AllowsModel(model string) bool {
	if len(k.Models) == 0 {
		return true
	}
	for _, glob := range k.Models {
		if MatchModel(glob, model) {
			return true
		}
	}
	return false
}

// MatchModel says whether s fits a glob in which * stands for any run of bytes,
// the empty one included. It backtracks to the last star only, so its work is
// at most the product of both lengths.
func MatchModel(glob, s string) bool {
	first, rest, starred := strings.Cut(glob, "*")
	if !starred {
		return glob == s
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	for {
		part, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], more
	}
}
