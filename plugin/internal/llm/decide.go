package llm

// maxModel is the longest name of a model taken from a body, in bytes.
const maxModel = 256

// known reads the value of a field that s lists.
func (w *walker) known(f *field, role Role, depth int, m *members) bool {
	c := w.next()
	switch f.as {
	case texts, single:
		return w.value(f.shape, role, depth)
	case modelName, roleName, fileType, sourceType:
		if c == '"' {
			return w.name(f.as, role, m)
		}
	}
	at := w.i
	if c == '"' || c == '{' || c == '[' {
		return w.wrong(f.as, at)
	}
	word, ok := w.word()
	if !ok || string(word) == "null" {
		return ok
	}
	return w.decide(f.as, at, word)
}

// wants tells what a field with a meaning takes.
var wants = [...]string{modelName: "a string of at most 256 bytes", roleName: "a string", fileType: "a string",
	sourceType: "a string",
	streamFlag: "true or false", maxTokens: "a whole number, 0 or more", choiceCount: "a whole number, 0 or more"}

func (w *walker) wrong(as meaning, at int) bool {
	return w.fail(Wrong, at, "want "+wants[as]+" here")
}

// name reads a string that decides something.
func (w *walker) name(as meaning, role Role, m *members) bool {
	at := w.i
	l, ok := w.str()
	if !ok {
		return false
	}
	switch v := w.decoded(l); as {
	case modelName:
		if len(v) > maxModel {
			return w.wrong(as, at)
		}
		w.req.setModel(v)
		w.req.ModelText = Text{Value: v, Start: at, End: w.i}
	case roleName:
		if m.role, ok = roleOf(v); ok {
			return true
		}
		// Templates of self-hosted models write any role into the prompt.
		return w.text(take, User, l)
	case fileType:
		w.scope.text = w.scope.text || textual(v)
	case sourceType:
		w.scope.raw = w.scope.raw || string(v) == "text"
	}
	return w.text(label, role, l)
}

// roleOf returns the role that a message claims. One that is not known is the
// user's: the strictest.
func roleOf(name []byte) (role Role, known bool) {
	switch string(name) {
	case "user":
		return User, true
	case "system", "developer":
		return System, true
	case "assistant", "model":
		return Assistant, true
	case "tool", "function":
		return Tool, true
	}
	return User, false
}

// decide takes a value that is no string and not null.
func (w *walker) decide(as meaning, at int, word []byte) bool {
	switch as {
	case streamFlag:
		if word[0] != 't' && word[0] != 'f' {
			return w.wrong(as, at)
		}
		w.req.Stream = word[0] == 't'
		return true
	case maxTokens, choiceCount:
		if string(word) == "-1" { // no bound, for LM Studio and llama.cpp
			return true
		}
		n, ok := wholeNumber(word)
		if !ok {
			return w.wrong(as, at)
		}
		if as == maxTokens {
			w.req.MaxTokens = max(w.req.MaxTokens, n)
		} else {
			w.req.choices = max(w.req.choices, n)
		}
		return true
	}
	return w.wrong(as, at)
}

// wholeNumber reads digits; it reports false for what is larger than an int64.
func wholeNumber(word []byte) (n int64, ok bool) {
	for _, c := range word {
		d := int64(c - '0')
		if d > 9 || n > (maxInt64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}
