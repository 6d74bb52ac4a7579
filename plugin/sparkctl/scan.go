package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/scan"
)

var scanCommand = command{
	name:    "scan",
	args:    "[flags] [file...]",
	summary: "judge texts, request bodies or JSON lines as the filter does",
	run:     scanFiles,
}

// scanFlags are what the command line chose.
type scanFlags struct {
	jsonl, explain           bool
	api, kind                string
	roleName, preset, policy string
}

// scanJob reads inputs and prints verdicts.
type scanJob struct {
	scanFlags
	judge *judge
	role  scan.Role
	out   *bufio.Writer
	err   io.Writer
	bad   int // lines that could not be read
}

func scanFiles(c command, args []string, std streams) error {
	var f scanFlags
	files, err := parseFlags(c, args, std, 0, 1<<20, func(set *flag.FlagSet) {
		set.BoolVar(&f.jsonl, "jsonl", false, `read JSON lines, {"id", "text", "role"}; the role is user if it is missing`)
		set.BoolVar(&f.explain, "explain", false, "write for people, not JSON")
		set.StringVar(&f.api, "api", "auto", "what the input is: text, auto, or the `name` of an API such as openai-chat; auto takes JSON for a request body and all else for a text")
		set.StringVar(&f.kind, "content-type", "application/json", "`type` of a request body")
		set.StringVar(&f.roleName, "role", "user", "`role` of a text: user, system, assistant, tool or document")
		set.StringVar(&f.preset, "preset", "", "strict, balanced or quiet; the policy's if it is missing")
		set.StringVar(&f.policy, "policy", "", "`file` with the policy; the built-in one if it is missing")
	})
	if err != nil {
		return err
	}
	job, err := newScanJob(f, std)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, file := range files {
		if err := job.file(file, std.in); err != nil {
			return errors.Join(job.out.Flush(), err)
		}
	}
	if err := job.out.Flush(); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	if job.bad > 0 {
		return fmt.Errorf("scan: %d lines could not be read", job.bad)
	}
	return nil
}

func newScanJob(f scanFlags, std streams) (*scanJob, error) {
	job := &scanJob{scanFlags: f, out: bufio.NewWriter(std.out), err: std.err}
	conf, err := scanPolicy(f, std.in)
	if err != nil {
		return nil, err
	}
	if job.judge, err = newJudge(conf); err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	if f.jsonl && f.api != "auto" {
		return nil, usagef("scan: -api and -jsonl exclude each other: a JSON line is a text")
	}
	if job.role, err = roleByName(f.roleName); err != nil {
		return nil, usagef("scan: -role: %v", err)
	}
	if _, known := llm.APIByName(f.api); !known && f.api != "auto" && f.api != "text" {
		return nil, usagef("scan: -api: got %q, want auto, text, openai-chat, openai-responses, openai-completions, openai-embeddings, "+
			"openai-moderations, anthropic-messages, anthropic-count-tokens, gemini-generate, bedrock-converse, bedrock-invoke or other", f.api)
	}
	return job, nil
}

// scanPolicy returns the policy to judge by.
func scanPolicy(f scanFlags, in io.Reader) (*config.Config, error) {
	conf, err := config.Parse([]byte(`{}`))
	if f.policy != "" {
		var p *policy
		if p, err = readPolicy(f.policy, in); err == nil {
			conf = p.config
		}
	}
	if err != nil {
		return nil, err
	}
	if f.preset == "" {
		return conf, nil
	}
	for _, p := range []scan.Preset{scan.Strict, scan.Balanced, scan.Quiet} {
		if p.String() == f.preset {
			conf.Inspection.Scan.Preset = p
			return conf, nil
		}
	}
	return nil, usagef("scan: -preset: got %q, want strict, balanced or quiet", f.preset)
}

func roleByName(name string) (scan.Role, error) {
	for r := scan.User; r <= scan.Document; r++ {
		if r.String() == name {
			return r, nil
		}
	}
	return 0, fmt.Errorf("got %q, want user, system, assistant, tool or document", name)
}

// file judges what is in one file; "-" is standard input.
func (job *scanJob) file(name string, in io.Reader) error {
	if name != "-" {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: no such file: give the path of a text, or - for standard input", name)
		}
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	if job.jsonl {
		return job.lines(name, in)
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	v := job.one(data)
	v.ID = name
	return job.print(v)
}

// one judges a text or a body.
func (job *scanJob) one(data []byte) verdict {
	api, known := llm.APIByName(job.api)
	if job.api == "auto" {
		api, known = guessAPI(data)
	}
	if known {
		return job.judge.body(api, job.kind, data)
	}
	return job.judge.text(job.role, bytes.TrimSuffix(data, []byte("\n")))
}

// guessAPI tells what a body is by the keys at its top; what is no JSON object
// or array is not known.
func guessAPI(data []byte) (llm.API, bool) {
	var keys map[string]json.RawMessage
	if json.Unmarshal(data, &keys) != nil {
		var list []json.RawMessage
		return llm.Other, json.Unmarshal(data, &list) == nil
	}
	for _, g := range []struct {
		key string
		api llm.API
	}{
		{"contents", llm.GeminiGenerate}, {"anthropic_version", llm.BedrockInvoke}, {"inputText", llm.BedrockInvoke},
		{"inferenceConfig", llm.BedrockConverse}, {"toolConfig", llm.BedrockConverse},
		{"system", llm.AnthropicMessages}, {"messages", llm.OpenAIChat}, {"input", llm.OpenAIResponses}, {"prompt", llm.OpenAICompletions},
	} {
		if _, ok := keys[g.key]; ok {
			return g.api, true
		}
	}
	return llm.Other, true
}

// line is one input of -jsonl. Other fields are let pass.
type line struct {
	ID   json.RawMessage `json:"id"`
	Text *string         `json:"text"`
	Role string          `json:"role"`
}

// lines judges JSON lines. One that cannot be read is reported and counted; the
// others are judged all the same.
func (job *scanJob) lines(name string, in io.Reader) error {
	r := bufio.NewReaderSize(in, 1<<16)
	for n := 1; ; n++ {
		text, err := r.ReadBytes('\n')
		if len(bytes.TrimSpace(text)) > 0 {
			if bad := job.line(text); bad != nil {
				job.bad++
				fmt.Fprintf(job.err, "%s:%d: %v\n", name, n, bad)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

func (job *scanJob) line(text []byte) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf(`want {"id", "text", "role"}: %w`, err)
	}
	if l.Text == nil {
		return errors.New(`"text" is missing`)
	}
	role := job.role
	if l.Role != "" {
		var err error
		if role, err = roleByName(l.Role); err != nil {
			return fmt.Errorf("role: %w", err)
		}
	}
	v := job.judge.text(role, []byte(*l.Text))
	v.ID = l.ID
	return job.print(v)
}

// print writes a verdict as one line of JSON, or for people.
func (job *scanJob) print(v verdict) error {
	if job.explain {
		return job.tell(v)
	}
	e := json.NewEncoder(job.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// maxReasons is how many n-grams of the model are told: the first few carry
// most of the weight.
const maxReasons = 5

// tell writes a verdict for people.
func (job *scanJob) tell(v verdict) error {
	id := fmt.Sprint(v.ID)
	if raw, ok := v.ID.(json.RawMessage); ok {
		id = strings.Trim(string(raw), `"`)
	}
	fmt.Fprintf(job.out, "%s: %s, score %d of 100\n", id, v.Decision, v.Score)
	if v.Error != "" {
		fmt.Fprintf(job.out, "  the filter refuses to read this: %s\n", v.Error)
	}
	if v.Truncated {
		fmt.Fprintln(job.out, "  a bound on work was reached: not all of it was looked at")
	}
	for _, f := range v.Findings {
		fmt.Fprintf(job.out, "  %s: %s (%s, %s), seen in %s\n", f.Path, f.Rule, f.Category, f.Severity, f.Layer)
		if reasons := scan.Explain(f.text, f.Rule, maxReasons); len(reasons) > 0 {
			fmt.Fprint(job.out, "    most for it:")
			for _, r := range reasons {
				fmt.Fprintf(job.out, " %q %+.1f", r.Words, r.Weight)
			}
			fmt.Fprintln(job.out)
		}
	}
	return nil
}
