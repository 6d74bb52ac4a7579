package main

import (
	"flag"

	"github.com/sparkward/sparkward/plugin/internal/scan/train"
)

var trainCommand = command{
	name:    "train",
	args:    "-data folder [-out folder]",
	summary: "train the scanner's model and write its weights",
	run:     trainModel,
}

func trainModel(c command, args []string, std streams) error {
	var data, out string
	if _, err := parseFlags(c, args, std, 0, 0, func(f *flag.FlagSet) {
		f.StringVar(&data, "data", "", "`folder` with train.jsonl, dev.jsonl and SOURCES.md")
		f.StringVar(&out, "out", "plugin/internal/scan/model", "`folder` to write to")
	}); err != nil {
		return err
	}
	if data == "" {
		return usagef("train: -data is missing: name the folder with train.jsonl")
	}
	return train.Run(data, out, std.err)
}
