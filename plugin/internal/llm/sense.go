package llm

import "strings"

// sense is what the value at a place of an answer means.
type sense uint8

const (
	none sense = iota
	finishReason
	lastReason   // of an API whose streams have no last event
	answerStatus // of a whole answer
	lastCounts   // an object that is in the last event only
	eventType
	generated  // text of the model
	chunkBytes // an event in base64
	problem    // an error, unless null
	counts     // the first of the counts, in their order
)

// places lists where answers say what. Arrays do not show in a place. None of
// them is inside of what a model writes: the arguments of a tool call are JSON
// of the model's own, and lie deeper or under other keys.
var places = []struct {
	sense sense
	paths string
}{
	{counts + sense(input), "prompt_tokens input_tokens inputTokens promptTokenCount"},
	{counts + sense(cacheWritten), "cache_creation_input_tokens cacheWriteInputTokens"},
	{counts + sense(cacheRead), "cache_read_input_tokens cacheReadInputTokens"},
	{counts + sense(toolInput), "toolUsePromptTokenCount"},
	{counts + sense(output), "completion_tokens output_tokens outputTokens candidatesTokenCount"},
	{counts + sense(thoughts), "thoughtsTokenCount"},
	{counts + sense(total), "total_tokens totalTokens totalTokenCount"},
}

// usageAt lists where objects with the keys of places stand.
const usageAt = "usage usageMetadata response.usage message.usage response.usageMetadata x_groq.usage"

// others are places with their full paths.
var others = []struct {
	sense sense
	paths string
}{
	// Amazon's own names on Bedrock, then Meta's, then Ollama's.
	{counts + sense(input), "amazon-bedrock-invocationMetrics.inputTokenCount inputTextTokenCount prompt_token_count prompt_eval_count"},
	{counts + sense(output), "amazon-bedrock-invocationMetrics.outputTokenCount totalOutputTextTokenCount results.tokenCount generation_token_count eval_count"},
	{finishReason, "choices.finish_reason stop_reason delta.stop_reason stopReason completionReason " +
		"results.completionReason response.status done_reason"},
	{lastReason, "candidates.finishReason"},
	{answerStatus, "status"},
	{lastCounts, "amazon-bedrock-invocationMetrics"},
	{eventType, "type"},
	{problem, "error response.error"},
	{chunkBytes, "bytes"},
	{generated, "choices.text choices.delta.content choices.delta.content.text choices.delta.reasoning_content choices.delta.refusal " +
		"choices.delta.tool_calls.function.arguments " +
		"choices.message.content choices.message.content.text choices.message.reasoning_content choices.message.refusal " +
		"choices.message.tool_calls.function.arguments " +
		"content.text content.thinking delta.text delta.thinking delta.partial_json " +
		"delta output.content.text output.arguments " +
		"candidates.content.parts.text " +
		"output.message.content.text delta.toolUse.input delta.reasoningContent.text " +
		"outputText results.outputText generation completion message.content response"},
}

// knownKeys gives each key of a place its number, from 1; senses maps paths of
// those numbers to what they mean.
var knownKeys, senses = newSenses()

type keyNames struct {
	names []string
	index index
}

func newSenses() (*keyNames, *senseTable) {
	k, t := &keyNames{names: []string{""}}, &senseTable{}
	for _, p := range places {
		for _, parent := range strings.Fields(usageAt) {
			for _, name := range strings.Fields(p.paths) {
				t.add(k.path(parent+"."+name), p.sense)
			}
		}
	}
	for _, p := range others {
		for _, path := range strings.Fields(p.paths) {
			t.add(k.path(path), p.sense)
		}
	}
	return k, t
}

// path returns the number of a path, with new numbers for new keys.
func (k *keyNames) path(path string) (n uint64) {
	for name := range strings.SplitSeq(path, ".") {
		id := k.id([]byte(name))
		if id == 0 {
			id = uint8(len(k.names))
			k.index.add(name, int(id))
			k.names = append(k.names, name)
		}
		n = n<<8 | uint64(id)
	}
	return n
}

// id returns the number of a key, 0 for one that is not known.
func (k *keyNames) id(name []byte) uint8 {
	n := len(name)
	if n == 0 {
		return 0
	}
	for h := hash(n, name[0], name[n/2], name[n-1]); k.index[h] != 0; h++ {
		if id := k.index[h] - 1; k.names[id] == string(name) {
			return id
		}
	}
	return 0
}

func keyID(name []byte) uint8 { return knownKeys.id(name) }

// senseTable is a hash table from paths to senses; see index for why.
type senseTable [512]struct {
	path  uint64
	sense sense
}

func senseSlot(path uint64) uint64 { return path * 0x9e3779b97f4a7c15 >> 55 }

func (t *senseTable) add(path uint64, s sense) {
	h := senseSlot(path)
	for t[h].path != 0 && t[h].path != path {
		h = (h + 1) % uint64(len(t))
	}
	t[h].path, t[h].sense = path, s
}

func senseOf(path uint64) sense {
	if path == 0 {
		return none
	}
	for h := senseSlot(path); senses[h].path != 0; h = (h + 1) % uint64(len(senses)) {
		if senses[h].path == path {
			return senses[h].sense
		}
	}
	return none
}
