package scan

// Reading a text takes a bounded time for each byte. What may come on top, for
// words that begin patterns, for what the model reads and for disguises to undo,
// is counted in steps of about 5 ns in V8, and all texts of one call share so
// many. Where they are used up, what is left undecided is reported as such.

const (
	freeSteps    = 2_000_000 // for any call: small texts may have many disguises
	stepsPerByte = 9         // prose takes 1 to 4, program code 4 to 10
)

// allowance returns the steps for texts of so many bytes in all.
func allowance(bytes int) int { return freeSteps + stepsPerByte*bytes }

// Steps that it takes to undo a disguise, for each byte of the text, and to
// read a view. BenchmarkHostile shows what they stand for.
const (
	perView      = 100 // beside its bytes
	perViewByte  = 3
	perGrown     = 3 // byte that folding added
	perToken     = 3 // of the model
	perBits      = 8
	perUnescape  = 4
	perEscapes   = 4 // bytes a step, to look for some
	perRuns      = 3
	perNumbers   = 8
	perLookalike = 20
	perLeet      = 6
	perMarks     = 2
	perSingles   = 6
	perUnmix     = 4
)

// spend takes steps from what the call has left. It tells whether there were
// as many; if not, nothing is left for anything else.
//
//go:noinline
func (s *Scanner) spend(steps int) bool {
	if steps > s.matcher.Work {
		s.matcher.Work = -1
		return false
	}
	s.matcher.Work -= steps
	return true
}
