package fold

//go:generate go test -run ^TestTables$ -update .

// Values of the table of pages.
const (
	same           = 0      // the character stands for itself
	drop           = 1      // the character is left out
	firstExpansion = 0xE000 // from here on: an expansion, by number
)
