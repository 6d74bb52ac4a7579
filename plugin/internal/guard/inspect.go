package guard

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/inflate"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/metric"
	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// wholeBody reads the body, where a control wants to know it.
func (r *Request) wholeBody(size int, read func() ([]byte, error)) ([]byte, *refusal) {
	mode := r.readingMode()
	if size == 0 || mode == config.Off {
		return nil, nil
	}
	body, err := read()
	if err != nil || len(body) != size {
		return nil, r.control(mode, r.doubt(causeBody))
	}
	return body, nil
}

// inspectAll decides on what the body holds. An empty body has nothing to
// inspect.
func (r *Request) inspectAll(body []byte) (Verdict, *refusal) {
	if len(body) == 0 {
		return Verdict{}, nil
	}
	if f := r.parse(body); f != nil {
		return Verdict{}, r.control(r.readingMode(), f)
	}
	most := r.g.cfg.Size.Context(r.model)
	r.promptTokens = r.estimate(most > 0)
	if f := r.control(r.g.cfg.Auth.Mode, r.checkModel()); f != nil {
		return Verdict{}, f
	}
	if f := r.control(r.g.cfg.Size.Mode, r.checkTexts()); f != nil {
		return Verdict{}, f
	}
	if f := r.control(r.g.cfg.Size.Mode, r.checkContext(most)); f != nil {
		return Verdict{}, f
	}
	if r.g.cfg.Inspection.Mode == config.Off {
		return Verdict{}, nil
	}
	return r.scanTexts(r.g.cfg.Inspection.Mode)
}

// readingMode is how much it matters that the body can be read: as much as it
// does to the strictest control that needs it.
func (r *Request) readingMode() config.Mode {
	mode := r.g.cfg.Inspection.Mode
	if r.cache != nil {
		mode = min(mode, r.g.cfg.Cache.Mode)
	}
	if r.key != nil && len(r.key.Models) > 0 {
		mode = min(mode, r.g.cfg.Auth.Mode)
	}
	if len(r.g.cfg.Size.Contexts) > 0 {
		mode = min(mode, r.g.cfg.Size.Mode)
	}
	for i := range r.g.cfg.Limits {
		if rule := &r.g.cfg.Limits[i]; rule.Tokens && r.applies(rule) {
			mode = min(mode, rule.Mode)
		}
	}
	return mode
}

// parse reads the body into texts. What cannot be read completely is refused:
// an upstream may read it differently.
func (r *Request) parse(body []byte) *refusal {
	size := r.g.cfg.Size
	body, f := r.inflate(body)
	if f != nil {
		return f
	}
	r.body = body
	parsed := &r.g.parsed
	err := llm.Parse(r.api, r.media, body, llm.Limits{Depth: size.MaxDepth, Texts: size.MaxTexts}, parsed)
	if err != nil {
		return bodyRefusal(err)
	}
	r.model, r.streaming = parsed.Model, parsed.Stream
	if model, stream := llm.PathModel(r.api, r.path); model != "" {
		r.model, r.streaming = model, stream || parsed.Stream
	}
	return nil
}

// inflate undoes the body's content coding, within the bound on bodies.
func (r *Request) inflate(body []byte) ([]byte, *refusal) {
	if r.encoding == "" {
		return body, nil
	}
	most := r.g.cfg.Size.MaxBodyBytes
	if r.g.cfg.Size.Mode == config.Off {
		most = config.MostBodyBytes
	}
	plain, err := inflate.Body(r.g.inflated, r.encoding, body, most)
	if err != nil {
		return nil, encodingRefusal(err)
	}
	if cap(plain) <= keptBuffer {
		r.g.inflated = plain
	}
	return plain, nil
}

// keptBuffer is the largest buffer kept from request to request, in bytes.
const keptBuffer = 64 << 10

// checkModel refuses a model that the caller's key does not name.
func (r *Request) checkModel() *refusal {
	if r.key == nil || r.key.Master || r.key.AllowsModel(r.model) {
		return nil
	}
	return refuse(ModelDenied, "this API key may not use the requested model; use one that its policy allows")
}

// checkTexts bounds the length of each text a user wrote.
func (r *Request) checkTexts() *refusal {
	size := &r.g.cfg.Size
	if size.Mode == config.Off {
		return nil
	}
	for i := range r.g.parsed.Texts {
		t := &r.g.parsed.Texts[i]
		if t.Role != llm.User || len(t.Value) <= size.MaxTextChars || utf8.RuneCount(t.Value) <= size.MaxTextChars {
			continue
		}
		return refuse(TextTooLong, t.Path.String()+" has more than "+strconv.Itoa(size.MaxTextChars)+" characters; shorten it")
	}
	return nil
}

// checkContext refuses a prompt that its model could not take in, having more
// than most tokens, if that is not 0. The message has the words by which callers
// know this error of the API that they called, to shorten the prompt by themselves.
func (r *Request) checkContext(most int64) *refusal {
	if most == 0 || r.promptTokens <= most {
		return nil
	}
	words := &contextWords[r.api.Family()]
	return refuse(ContextExceeded, words[0]+strconv.FormatInt(r.promptTokens, 10)+words[1]+strconv.FormatInt(most, 10)+words[2])
}

var openAIContext = [3]string{"the prompt has about ", " tokens, and this model's maximum context length is ", " tokens; shorten it"}

var contextWords = [...][3]string{
	llm.Generic:   openAIContext,
	llm.OpenAI:    openAIContext,
	llm.Anthropic: {"prompt is too long: ", " tokens > ", " maximum; shorten it"},
	llm.Gemini:    {"the input token count (", ") exceeds the maximum number of tokens allowed (", "); shorten the prompt"},
	llm.Bedrock:   {"input is too long for requested model: ", " tokens, and ", " is the most; shorten the prompt"},
}

// scanTexts looks for injections and takes the strongest action that the
// policy has for the roles in which one was found.
func (r *Request) scanTexts(mode config.Mode) (Verdict, *refusal) {
	g := r.g
	r.except()
	g.inputs = g.inputs[:0]
	for i := range g.parsed.Texts {
		t := &g.parsed.Texts[i]
		if role := scanRole(t.Role); r.actions[role] != config.Skip {
			g.inputs = append(g.inputs, scan.Input{Role: role, Text: t.Value})
		}
	}
	g.scanner.Scan(g.inputs, &g.report)
	g.countFindings()
	r.audit.findings(&g.report)
	if g.report.Truncated {
		if f := r.control(mode, r.doubt(causeTruncate)); f != nil {
			return Verdict{}, f
		}
	}
	switch {
	case r.hit(config.Block):
		return Verdict{}, r.control(mode, injectionRefusal(&g.report))
	case (r.hit(config.Flag) || r.hit(config.Sanitise)) && mode == config.Enforce:
		return r.flag(), nil
	}
	return Verdict{}, nil
}

// except finds out what the policy's exceptions make of this call.
func (r *Request) except() {
	path, class := "", ""
	if r.plain {
		path = r.path
	}
	if r.key != nil {
		class = r.key.Class
	}
	var set uint64
	r.actions, set = r.g.cfg.Inspection.Except(r.method, path, r.user, class)
	r.g.scanner.Except(set)
}

// countFindings counts each category once, however often it was found.
func (g *Guard) countFindings() {
	for i, f := range g.report.Findings {
		first := slices.IndexFunc(g.report.Findings, func(o scan.Finding) bool { return o.Category == f.Category })
		if first == i {
			g.metrics.Inc(metric.Findings, f.Category)
		}
	}
}

// hit says whether a text was hit whose role asks for this action.
func (r *Request) hit(action config.Action) bool {
	return slices.ContainsFunc(r.g.report.Hits, func(i int) bool {
		return r.actions[r.g.inputs[i].Role] == action
	})
}

// flag tells the upstream of a finding, where its headers can still be
// changed.
func (r *Request) flag() Verdict {
	r.audit.flagged = true
	if !r.held {
		return Verdict{}
	}
	return Verdict{Edits: []Edit{{Name: internal + "flag", Value: string(PromptInjection)}}}
}

// injectionRefusal names the category of what was found, never the text. The
// rules are in the audit line: a client has no use for them but to get round.
func injectionRefusal(report *scan.Report) *refusal {
	message := "the prompt looks like an attempt to override the model's instructions"
	if len(report.Findings) > 0 {
		message += " (" + report.Findings[0].Category + ")"
	}
	return refuse(PromptInjection, message+" and was not sent; rephrase it, or give the request id to the operator if it is legitimate")
}
