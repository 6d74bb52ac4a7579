package e2e

import (
	"regexp"
	"strconv"
)

// slack is by how many seconds a waiting time may be shorter on a host whose
// clock runs on while the steps are made.
const slack = 3

// waits are the numbers of seconds in a transcript that shrink as time passes.
var waits = regexp.MustCompile(`((?:^retry-after|^x-ratelimit-reset[a-z-]*|^ratelimit-reset): |try again in |;t=)(\d+)`)

// forgive replaces each line of got that says the same as the line of want, but
// for waiting times that are a little shorter, by that line. A simulated clock
// stands still between the steps, a real one does not.
func forgive(want, got []string) []string {
	if len(want) != len(got) {
		return got
	}
	out := make([]string, len(got))
	for i := range got {
		out[i] = got[i]
		if within(want[i], got[i]) {
			out[i] = want[i]
		}
	}
	return out
}

// within tells whether got says what want says, with waiting times that are
// equal or up to slack shorter, and still at least a second.
func within(want, got string) bool {
	if waits.ReplaceAllString(want, "$1") != waits.ReplaceAllString(got, "$1") {
		return false
	}
	numbers := waits.FindAllStringSubmatch(got, -1)
	for i, m := range waits.FindAllStringSubmatch(want, -1) {
		w, _ := strconv.ParseInt(m[2], 10, 64)
		g, _ := strconv.ParseInt(numbers[i][2], 10, 64)
		if g < 1 || g > w || w-g > slack {
			return false
		}
	}
	return true
}
