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

// requestOnce are the ones seen to be joined on the real Envoy.
var requestOnce = map[string]bool{"authorization": true, "content-encoding": true, "content-type": true}
var responseOnce = map[string]bool{}
