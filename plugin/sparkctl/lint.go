package main

import (
	"flag"
	"fmt"
)

var lintCommand = command{
	name:    "lint",
	args:    "[-json] policy.yaml",
	summary: "check a policy; with -json print what the filter reads",
	run:     lint,
}

func lint(c command, args []string, std streams) error {
	asJSON := false
	files, err := parseFlags(c, args, std, 1, 1, func(f *flag.FlagSet) {
		f.BoolVar(&asJSON, "json", false, "print the policy as JSON, as the filter reads it")
	})
	if err != nil {
		return err
	}
	p, err := readPolicy(files[0], std.in)
	if err != nil {
		return err
	}
	for _, w := range p.config.Warnings {
		fmt.Fprintf(std.err, "%s: warning: %s\n", p.file, w)
	}
	if asJSON {
		_, err = std.out.Write(p.json)
		return err
	}
	conf := p.config
	fmt.Fprintf(std.out, "%s: ok: %d keys, %d limits, %d breakers, policy %s\n",
		p.file, conf.Auth.Ring.Len(), len(conf.Limits), len(conf.Breakers), conf.Hash)
	return nil
}
