package guard

// Action is what the edge does with a callback's verdict.
type Action uint8

// The actions.
const (
	Continue Action = iota // hand on what came
	Wait                   // hold it: the verdict needs the body
	Answer                 // send Reply; the upstream sees nothing further
)

// Verdict is what one callback decided, as a value. The edge turns it into
// host calls.
type Verdict struct {
	Action Action
	Reply  *Reply // set with Answer
	Edits  []Edit // changes to the headers of this callback
	Body   []byte // replaces the body when not nil
}

// Reply is an answer made by the filter.
type Reply struct {
	Status  int
	Headers [][2]string
	Body    []byte
}

// Edit changes one header: it removes every value of Name and, unless Remove
// is set, adds Value.
type Edit struct {
	Name, Value string
	Remove      bool
}
