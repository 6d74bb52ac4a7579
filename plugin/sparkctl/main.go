// Command sparkctl writes, checks and renders policies for the sparkward filter.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

// command is one subcommand. run gets the command itself and what follows its name. It writes its
// result to std.out; an error it returns is printed as one line that says what to
// do, and ends the process with status 1, or 2 for a *usageError.
type command struct {
	name    string // as typed; may be two words
	args    string // what follows, for the usage line
	summary string // one line
	run     func(c command, args []string, std streams) error
}

// streams are the process's standard streams, or a test's.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// commands is every subcommand, in the order of the help text. It is a function
// because help reads it too.
func commands() []command {
	return []command{
		lintCommand,
		renderEnvoyCommand,
		renderIstioCommand,
		renderGatewayCommand,
		keyNewCommand,
		keyHashCommand,
		keyListCommand,
		scanCommand,
		trainCommand,
		evalCommand,
	}
}

func main() {
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run finds the subcommand and returns the exit status: 0, 1 for a failure, 2
// for a command line that makes no sense.
func run(args []string, std streams) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		help(std.out)
		return 0
	}
	c, rest, err := find(args)
	if err == nil {
		err = c.run(c, rest, std)
	}
	var usage *usageError
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(std.err, "sparkctl: %v\n", err)
		return 2
	}
	fmt.Fprintf(std.err, "%v\n", err)
	return 1
}

// find returns the command that args begin with, and the rest of args.
func find(args []string) (command, []string, error) {
	var group []string
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == c.name {
			return c, args[len(words):], nil
		}
		if words[0] == args[0] {
			group = append(group, c.name)
		}
	}
	if group != nil {
		return command{}, nil, usagef("%q is not complete: use one of %s", args[0], strings.Join(group, ", "))
	}
	return command{}, nil, usagef("no command %q: run \"sparkctl help\" for the list", args[0])
}

func help(out io.Writer) {
	fmt.Fprintln(out, "sparkctl writes, checks and renders policies for the sparkward filter.\n\nUsage:")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(w, "  sparkctl %s %s\t%s\n", c.name, c.args, c.summary)
	}
	w.Flush()
	fmt.Fprintln(out, "\n\"sparkctl COMMAND -h\" lists a command's flags. The status is 1 if the command\nfailed and 2 if it was called wrongly.")
}

// usageError is a command line that makes no sense.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// parseFlags parses args for c and returns what stands after the flags: at
// least min and at most max words. define adds the flags.
func parseFlags(c command, args []string, std streams, min, max int, define func(*flag.FlagSet)) ([]string, error) {
	set := flag.NewFlagSet(c.name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	define(set)
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(std.out, "Usage: sparkctl %s %s\n%s\n", c.name, c.args, c.summary)
		set.SetOutput(std.out)
		set.PrintDefaults()
		return nil, err
	}
	if err != nil {
		return nil, usagef("%s: %v", c.name, err)
	}
	if n := set.NArg(); n < min || n > max {
		return nil, usagef("%s: got %d arguments, want: sparkctl %s %s", c.name, n, c.name, c.args)
	}
	return set.Args(), nil
}
