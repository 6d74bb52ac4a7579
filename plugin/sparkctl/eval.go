package main

import (
	"bufio"
	"errors"
	"flag"
	"io"
	"os"

	"github.com/sparkward/sparkward/plugin/internal/scan"
	"github.com/sparkward/sparkward/plugin/internal/scan/train"
)

var evalCommand = command{
	name:    "eval",
	args:    "[-leave-out] [-role name] [-wrong file] file.jsonl...",
	summary: "measure the scanner on labelled texts",
	run:     evaluate,
}

// maxEvalFiles is far more than anyone has.
const maxEvalFiles = 100

func evaluate(c command, args []string, std streams) error {
	leaveOut, roleName, wrong := false, "", ""
	files, err := parseFlags(c, args, std, 1, maxEvalFiles, func(f *flag.FlagSet) {
		f.BoolVar(&leaveOut, "leave-out", false, "leave each source out of training in turn and score it; takes minutes")
		f.StringVar(&roleName, "role", "user", "`role` of the texts: user, system, assistant, tool or document")
		f.StringVar(&wrong, "wrong", "", "`file` to write the texts to that the balanced preset judges wrongly, as JSON lines")
	})
	if err != nil {
		return err
	}
	role, err := roleByName(roleName)
	if err != nil {
		return usagef("eval: -role: %v", err)
	}
	if leaveOut && role != scan.User {
		return usagef("eval: -role and -leave-out exclude each other: the limits are those for users")
	}
	measure := func(wrong io.Writer) error {
		if leaveOut {
			return train.LeaveOut(files, std.out, wrong, std.err)
		}
		return train.Evaluate(files, role, std.out, wrong)
	}
	if wrong == "" {
		return measure(nil)
	}
	return withFile(wrong, measure)
}

// withFile calls f with a new file to write to.
func withFile(name string, f func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	return errors.Join(f(w), w.Flush(), file.Close())
}
