package guard

import (
	"strconv"
	"strings"
)

// net/netip would do all of this; with the packages it brings it is 0.15 MB of
// wasm. A fuzz test holds what follows to it.

// ipv6Groups is the number of 16-bit groups of an IPv6 address.
const ipv6Groups = 8

// addressNetwork returns the network that an address stands for: an IPv4
// address itself, also when it is written as IPv6, and the first prefix bits of
// an IPv6 address. A zone is dropped.
func addressNetwork(text string, prefix int) (network string, ok bool) {
	if strings.IndexByte(text, ':') < 0 {
		return text, validIPv4(text)
	}
	text, _, zoned := strings.Cut(text, "%")
	groups, ok := parseIPv6(text)
	if !ok {
		return "", false
	}
	if !zoned && [6]uint16(groups[:6]) == [6]uint16{5: 0xffff} {
		return joinIPv4(groups[6], groups[7]), true
	}
	for i := range groups {
		if keep := min(max(prefix-16*i, 0), 16); keep < 16 {
			groups[i] &^= 0xffff >> keep
		}
	}
	return joinIPv6(groups) + "/" + strconv.Itoa(prefix), true
}

// validIPv4 accepts four decimal numbers without leading zeros.
func validIPv4(s string) bool {
	parts := 0
	for rest, more := s, true; more; parts++ {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || strconv.FormatUint(n, 10) != part {
			return false
		}
	}
	return parts == 4
}

// parseIPv6 reads up to eight groups, one run of zeros left out as "::", and
// the last two groups perhaps as IPv4.
func parseIPv6(s string) (groups [ipv6Groups]uint16, ok bool) {
	head, tail, gap := strings.Cut(s, "::")
	first, ok := parseGroups(head, !gap)
	last, ok2 := parseGroups(tail, true)
	n := len(first) + len(last)
	if !ok || !ok2 || n > ipv6Groups || gap == (n == ipv6Groups) {
		return groups, false
	}
	copy(groups[:], first)
	copy(groups[ipv6Groups-len(last):], last)
	return groups, true
}

// parseGroups reads groups between colons; none is fine.
func parseGroups(s string, mayEndInIPv4 bool) (groups []uint16, ok bool) {
	for more := s != ""; more; {
		var part string
		part, s, more = strings.Cut(s, ":")
		if !more && mayEndInIPv4 && validIPv4(part) {
			return append(groups, groupsOfIPv4(part)...), true
		}
		n, err := strconv.ParseUint(part, 16, 16)
		if err != nil || len(part) > 4 || part[0] == '+' || len(groups) == ipv6Groups {
			return nil, false
		}
		groups = append(groups, uint16(n))
	}
	return groups, true
}

func groupsOfIPv4(s string) []uint16 {
	var b [4]uint16
	for i := range b {
		var part string
		part, s, _ = strings.Cut(s, ".")
		n, _ := strconv.ParseUint(part, 10, 8) // validIPv4 has read it
		b[i] = uint16(n)
	}
	return []uint16{b[0]<<8 | b[1], b[2]<<8 | b[3]}
}

func joinIPv4(high, low uint16) string {
	s := strconv.Itoa(int(high>>8)) + "." + strconv.Itoa(int(high&0xff))
	return s + "." + strconv.Itoa(int(low>>8)) + "." + strconv.Itoa(int(low&0xff))
}

// joinIPv6 writes the canonical text (RFC 5952): the longest run of two or
// more zero groups, the first of equals, as "::".
func joinIPv6(groups [ipv6Groups]uint16) string {
	start, length := zeroRun(groups)
	var b []byte
	for i := 0; i < ipv6Groups; i++ {
		if i == start && length > 1 {
			b = append(b, "::"...)
			i += length - 1
			continue
		}
		if len(b) > 0 && b[len(b)-1] != ':' {
			b = append(b, ':')
		}
		b = strconv.AppendUint(b, uint64(groups[i]), 16)
	}
	return string(b)
}

func zeroRun(groups [ipv6Groups]uint16) (start, length int) {
	for i := 0; i < ipv6Groups; i++ {
		end := i
		for end < ipv6Groups && groups[end] == 0 {
			end++
		}
		if end-i > length {
			start, length = i, end-i
		}
		i = end
	}
	return start, length
}
