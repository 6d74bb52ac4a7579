package respcache

import (
	"strings"
	"time"
)

// maxSeconds is what longer times in a header are taken for: RFC 9111, section
// 1.2.2.
const maxSeconds = 1 << 31

// Directives are what the Cache-Control headers of a request or an answer say,
// as far as it matters here (RFC 9111, section 5.2). Times are -1 where absent.
type Directives struct {
	NoStore      bool // neither look nor keep
	NoCache      bool // do not look; of an answer: do not keep
	Private      bool // of an answer: for this caller alone
	OnlyIfCached bool // of a request: do not ask the upstream
	MaxAge       time.Duration
	MinFresh     time.Duration
}

// Parse reads Cache-Control headers, of which there may be several. Names are
// taken in any case, arguments with or without quotes. What it does not know
// changes nothing; a time it cannot read is 0, the strictest.
func Parse(values ...string) Directives {
	d := Directives{MaxAge: -1, MinFresh: -1}
	shared := time.Duration(-1)
	for _, value := range values {
		for value != "" {
			var name, argument string
			name, argument, value = next(value)
			switch {
			case strings.EqualFold(name, "no-store"):
				d.NoStore = true
			case strings.EqualFold(name, "no-cache"):
				d.NoCache = true
			case strings.EqualFold(name, "private"):
				d.Private = true
			case strings.EqualFold(name, "only-if-cached"):
				d.OnlyIfCached = true
			case strings.EqualFold(name, "max-age"):
				d.MaxAge = least(d.MaxAge, argument)
			case strings.EqualFold(name, "s-maxage"):
				shared = least(shared, argument)
			case strings.EqualFold(name, "min-fresh"):
				d.MinFresh = max(d.MinFresh, seconds(argument))
			}
		}
	}
	if shared >= 0 {
		d.MaxAge = shared // section 5.2.2.10: it overrides max-age
	}
	return d
}

// least keeps the smaller of two times where a directive comes twice.
func least(have time.Duration, argument string) time.Duration {
	if got := seconds(argument); have < 0 || got < have {
		return got
	}
	return have
}

func seconds(argument string) time.Duration {
	n := int64(0)
	for i := range len(argument) {
		if argument[i] < '0' || argument[i] > '9' {
			return 0
		}
		n = min(n*10+int64(argument[i]-'0'), maxSeconds)
	}
	return time.Duration(n) * time.Second
}

// next cuts one directive off a header's value.
func next(value string) (name, argument, rest string) {
	end := strings.IndexAny(value, ",=")
	if end < 0 {
		return strings.Trim(value, " \t"), "", ""
	}
	name, rest = strings.Trim(value[:end], " \t"), value[end+1:]
	if value[end] == ',' {
		return name, "", rest
	}
	rest = strings.TrimLeft(rest, " \t")
	if rest == "" || rest[0] != '"' {
		argument, rest, _ = strings.Cut(rest, ",")
		return name, strings.TrimRight(argument, " \t"), rest
	}
	rest = rest[1:]
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			argument, rest = rest[:i], rest[i+1:]
			_, rest, _ = strings.Cut(rest, ",")
			return name, argument, rest
		}
	}
	return name, rest, "" // no closing quote
}
