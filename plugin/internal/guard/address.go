package guard

import "strings"

// clientAddress is who a request without an identity is charged to: the peer's
// address, or the right-most hop of x-forwarded-for that no trusted proxy
// added when hops of them are configured. IPv6 is cut to prefix bits, because
// one subscriber owns a whole prefix. An address that cannot be read becomes
// "unknown": all such callers share one budget.
func clientAddress(peer string, forwarded []string, hops, prefix int) string {
	text := peer
	if hops > 0 {
		if hop, ok := hopFromRight(forwarded, hops); ok {
			text = hop
		}
	}
	network, ok := addressNetwork(stripPort(text), prefix)
	if !ok {
		return "unknown"
	}
	return network
}

// hopFromRight returns the entry that the outermost of n trusted proxies
// appended: the n-th from the right over all values of the header. With fewer
// entries than trusted proxies something bypassed one of them, and the peer's
// address is the only one that can be believed.
func hopFromRight(values []string, n int) (string, bool) {
	for i := len(values) - 1; i >= 0; i-- {
		rest := values[i]
		for rest != "" {
			comma := strings.LastIndexByte(rest, ',')
			hop := strings.TrimSpace(rest[comma+1:])
			if n--; n == 0 {
				return hop, hop != ""
			}
			rest = rest[:max(comma, 0)]
		}
	}
	return "", false
}

// stripPort takes the port off 1.2.3.4:5 and [::1]:5, and the brackets off
// [::1].
func stripPort(s string) string {
	if strings.HasPrefix(s, "[") {
		if end := strings.IndexByte(s, ']'); end > 0 {
			return s[1:end]
		}
		return s
	}
	if colon := strings.IndexByte(s, ':'); colon >= 0 && strings.IndexByte(s[colon+1:], ':') < 0 {
		return s[:colon]
	}
	return s
}
