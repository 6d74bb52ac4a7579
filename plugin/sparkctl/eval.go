package main

import (
	"flag"

	"github.com/sparkward/sparkward/plugin/internal/scan/train"
)

var evalCommand = command{
	name:    "eval",
	args:    "[-leave-out] file.jsonl...",
	summary: "measure the scanner on labelled texts",
	run:     evaluate,
}

// maxEvalFiles is far more than anyone has.
const maxEvalFiles = 100

func evaluate(c command, args []string, std streams) error {
	leaveOut := false
	files, err := parseFlags(c, args, std, 1, maxEvalFiles, func(f *flag.FlagSet) {
		f.BoolVar(&leaveOut, "leave-out", false, "leave each source out of training in turn and score it; takes minutes")
	})
	if err != nil {
		return err
	}
	if leaveOut {
		return train.LeaveOut(files, std.out, std.err)
	}
	return train.Evaluate(files, std.out)
}
