package header

// joined returns what stands between two values of a name that a map can hold only
// once, or "" for a name that may be there several times.
func joined(kind Kind, name string) string {
	switch {
	case kind == Request && requestOnce[name], kind == Response && responseOnce[name]:
		return ","
	}
	return ""
}

var requestOnce = map[string]bool{}
var responseOnce = map[string]bool{}
