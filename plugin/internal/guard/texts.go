package guard

import (
	"github.com/sparkward/sparkward/plugin/internal/inflate"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// scanRole is the scanner's name for a text's role. A tool's definition is
// written by whoever writes the system text, and is judged like it.
func scanRole(role llm.Role) scan.Role {
	switch role {
	case llm.System, llm.Definition:
		return scan.System
	case llm.Assistant:
		return scan.Assistant
	case llm.Tool:
		return scan.Tool
	case llm.Document:
		return scan.Document
	}
	return scan.User
}

// encodingRefusal passes on why a compressed body could not be read.
func encodingRefusal(err error) *refusal {
	switch err {
	case inflate.ErrTooLarge:
		return refuse(BodyTooLarge, err.Error())
	case inflate.ErrCorrupt:
		return refuse(InvalidBody, err.Error())
	}
	return refuse(Encoding, err.Error())
}

// bodyRefusal passes on what the reader wants changed: its errors hold places
// and no text.
func bodyRefusal(err error) *refusal {
	e, ok := err.(*llm.Error) // errors.As would bring reflection along
	switch {
	case !ok:
		return refuse(InvalidBody, "the body could not be read")
	case e.Kind == llm.UnsupportedMediaType:
		return refuse(MediaType, e.Want)
	}
	return refuse(InvalidBody, e.Error())
}
