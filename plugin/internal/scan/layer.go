package scan

import (
	"strconv"

	"github.com/sparkward/sparkward/plugin/internal/scan/decode"
)

// layer is one disguise that was undone.
type layer uint8

const (
	unescaped  layer = iota                              // and one for each decode.Escape
	based            = unescaped + layer(decode.Escapes) // and one for each decode.Coding
	numbered         = based + layer(decode.Codings)     // and one for each decode.Numbering
	tags             = numbered + layer(decode.Numberings)
	selectors        = tags + 1
	zeroWidth        = tags + 2
	lookalikes       = tags + 3
	leet             = tags + 4
	joined           = tags + 5
	mixed            = tags + 6
	mirror           = tags + 7
	reverse          = tags + 8
	shifted          = tags + 9 // and one for each of 1 to 25 places
)

var layerNames = [shifted]string{
	unescaped + layer(decode.Percent): "url",
	unescaped + layer(decode.Entity):  "html",
	unescaped + layer(decode.Slash):   "escapes",
	unescaped + layer(decode.Quoted):  "quoted-printable",
	based + layer(decode.Base64):      "base64",
	based + layer(decode.Base32):      "base32",
	based + layer(decode.Hex):         "hex",
	numbered + layer(decode.Binary):   "binary",
	numbered + layer(decode.HexBytes): "hex",
	numbered + layer(decode.Decimal):  "decimal",
	numbered + layer(decode.Octal):    "octal",
	numbered + layer(decode.Morse):    "morse",
	tags:                              "tags",
	selectors:                         "selectors",
	zeroWidth:                         "zero-width",
	lookalikes:                        "lookalikes",
	leet:                              "leet",
	joined:                            "joined",
	mixed:                             "mixed",
	mirror:                            "atbash",
	reverse:                           "reversed",
}

func (l layer) String() string {
	if l < shifted {
		return layerNames[l]
	}
	return "rot" + strconv.Itoa(int(l-shifted))
}

// encodes tells whether plain text comes out of l that was not readable before.
func (l layer) encodes() bool { return l >= based && l < lookalikes }

// path is the disguises undone, the outermost first.
type path struct {
	n      int
	layers [maxDepth + 1]layer
}

// with returns p with one more layer.
func (p path) with(l layer) path {
	p.layers[p.n] = l
	p.n++
	return p
}

// String returns the name used in reports.
func (p path) String() string {
	if p.n == 0 {
		return "plain"
	}
	name := p.layers[0].String()
	for _, l := range p.layers[1:p.n] {
		name += ">" + l.String()
	}
	return name
}
