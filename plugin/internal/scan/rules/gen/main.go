// Command gen compiles the rule files into a table of the program. Run it with
// go generate.
package main

import (
	"log"
	"os"

	"github.com/sparkward/sparkward/plugin/internal/scan/rulefile"
)

func main() {
	log.SetFlags(0)
	set, err := rulefile.Load(os.DirFS("."))
	if err != nil {
		log.Fatal(err)
	}
	table, err := set.Table()
	if err != nil {
		log.Fatal(err)
	}
	source, err := rulefile.Emit(table)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("builtin.go", source, 0o644); err != nil {
		log.Fatal(err)
	}
}
