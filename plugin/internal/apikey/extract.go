package apikey

import (
	"errors"
	"strings"
)

// MaxCredential is the longest credential, in bytes. The longest keys in use
// are signed tokens; the providers' own keys have 20 to 200 bytes.
const MaxCredential = 1024

var (
	// ErrNone says that the request carries no credential.
	ErrNone = errors.New("apikey: no credential")
	// ErrEmpty says that a credential's header is there but holds none.
	ErrEmpty = errors.New("apikey: empty credential")
	// ErrDuplicate says that a header came twice, or holds two credentials with
	// a comma between them, as proxies join them, or that two differ.
	ErrDuplicate = errors.New("apikey: more than one credential")
	// ErrMalformed says that a header has another scheme than its location
	// asks for, or a credential other bytes than visible ASCII.
	ErrMalformed = errors.New("apikey: malformed credential")
	// ErrTooLong says that a credential has more than MaxCredential bytes.
	ErrTooLong = errors.New("apikey: credential too long")
)

// Location is where a credential may be: a header's name, in lower case, and
// the scheme before the credential, such as "Bearer", or "" for none.
type Location struct{ Header, Scheme string }

// DefaultLocations are the headers that the SDKs of OpenAI, Anthropic, Azure
// and Gemini use.
func DefaultLocations() []Location {
	return []Location{{"authorization", "Bearer"}, {"x-api-key", ""}, {"api-key", ""}, {"x-goog-api-key", ""}}
}

// Extract returns the one credential of a request, or one of the errors above.
// The same credential in two locations is one. It allocates nothing: the
// credential is a part of the header's value.
func Extract(locations []Location, headers [][2]string) (string, error) {
	credential := ""
	for i, h := range headers {
		if !wanted(locations, h[0]) {
			continue
		}
		if repeated(headers[:i], h[0]) {
			return "", ErrDuplicate
		}
		c, err := parse(locations, h[0], h[1])
		if err != nil {
			return "", err
		}
		if credential != "" && credential != c {
			return "", ErrDuplicate
		}
		credential = c
	}
	if credential == "" {
		return "", ErrNone
	}
	return credential, nil
}

func wanted(locations []Location, header string) bool {
	for _, l := range locations {
		if len(l.Header) == len(header) && strings.EqualFold(l.Header, header) {
			return true
		}
	}
	return false
}

func repeated(before [][2]string, header string) bool {
	for _, h := range before {
		if len(h[0]) == len(header) && strings.EqualFold(h[0], header) {
			return true
		}
	}
	return false
}

// parse returns the credential in the value of a header, by the first location
// of that header whose scheme fits.
func parse(locations []Location, header, value string) (string, error) {
	value = strings.Trim(value, " \t")
	if value == "" {
		return "", ErrEmpty
	}
	for _, l := range locations {
		if !strings.EqualFold(l.Header, header) {
			continue
		}
		if c, ok := cutScheme(value, l.Scheme); ok {
			return c, checkCredential(c)
		}
	}
	return "", ErrMalformed
}

// cutScheme removes the scheme, in any case, and the spaces after it.
func cutScheme(value, scheme string) (string, bool) {
	if scheme == "" {
		return value, true
	}
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	rest := value[len(scheme):]
	if rest != "" && rest[0] != ' ' {
		return "", false
	}
	return strings.TrimLeft(rest, " "), true
}

// checkCredential refuses what cannot be one credential.
func checkCredential(c string) error {
	switch {
	case c == "":
		return ErrEmpty
	case strings.IndexByte(c, ',') >= 0:
		return ErrDuplicate
	case len(c) > MaxCredential:
		return ErrTooLong
	}
	for i := range len(c) {
		if c[i] <= ' ' || c[i] > '~' {
			return ErrMalformed
		}
	}
	return nil
}
