// Package llm reads the bodies of calls to language models: which API it is,
// which model is asked for, and every text in the body with its role and its
// place. It reads usage from answers too.
//
// A gateway and the server behind it must agree on what a body says. Parse
// therefore accepts strict JSON only and refuses what parsers are known to read
// in different ways: a second "role" in one object, "Role" for "role", a lone
// surrogate, a comment. What it accepts it yields whole: a text under a key that
// it does not know is still a text.
//
// The package is pure and free of reflection; texts without escapes are slices
// of the body.
package llm

import "strings"

// API says which call a request makes, and so what its body looks like.
type API uint8

// The zero API, None, is a request that should have no body. Other is any call
// that is not known: Parse takes every string of its body for a text.
const (
	None API = iota
	OpenAIChat
	OpenAIResponses
	OpenAICompletions
	OpenAIEmbeddings
	OpenAIModerations
	AnthropicMessages
	AnthropicCountTokens
	GeminiGenerate
	BedrockConverse
	BedrockInvoke
	Other
	numAPIs
)

var apiNames = [numAPIs]string{"none", "openai-chat", "openai-responses", "openai-completions",
	"openai-embeddings", "openai-moderations", "anthropic-messages", "anthropic-count-tokens",
	"gemini-generate", "bedrock-converse", "bedrock-invoke", "other"}

// String returns the name used in metrics, audit lines and on the command line.
func (a API) String() string {
	if a >= numAPIs {
		return "unknown"
	}
	return apiNames[a]
}

// APIByName returns the API whose String is name.
func APIByName(name string) (API, bool) {
	for i, n := range apiNames {
		if n == name {
			return API(i), true
		}
	}
	return None, false
}

// Generates says whether a call's answer is text that a model writes. Others
// use the tokens of their prompt alone.
func (a API) Generates() bool {
	switch a {
	case OpenAIChat, OpenAIResponses, OpenAICompletions, AnthropicMessages, GeminiGenerate, BedrockConverse, BedrockInvoke:
		return true
	}
	return false
}

// Family is a provider's style: it decides the shape of error bodies.
type Family uint8

// Generic is the family of calls that are not known.
const (
	Generic Family = iota
	OpenAI
	Anthropic
	Gemini
	Bedrock
)

// Family returns the provider style of a.
func (a API) Family() Family {
	switch a {
	case OpenAIChat, OpenAIResponses, OpenAICompletions, OpenAIEmbeddings, OpenAIModerations:
		return OpenAI
	case AnthropicMessages, AnthropicCountTokens:
		return Anthropic
	case GeminiGenerate:
		return Gemini
	case BedrockConverse, BedrockInvoke:
		return Bedrock
	}
	return Generic
}

// pathSuffixes maps the end of a path to its API. The first that fits wins, so
// the longer of two comes first. What stands before it is free: providers and
// gateways put versions, deployments and tenants there.
var pathSuffixes = []struct {
	suffix string
	api    API
}{
	{"/chat/completions", OpenAIChat},
	{"/completions", OpenAICompletions},
	{"/responses", OpenAIResponses},
	{"/responses/input_tokens", OpenAIResponses},
	{"/embeddings", OpenAIEmbeddings},
	{"/moderations", OpenAIModerations},
	{"/v1/messages", AnthropicMessages},
	{"/v1/messages/count_tokens", AnthropicCountTokens},
	{":rawPredict", AnthropicMessages},
	{":streamRawPredict", AnthropicMessages},
	{":generateContent", GeminiGenerate},
	{":streamGenerateContent", GeminiGenerate},
	{":countTokens", GeminiGenerate},
	{":embedContent", GeminiGenerate},
	{":batchEmbedContents", GeminiGenerate},
	{"/converse", BedrockConverse},
	{"/converse-stream", BedrockConverse},
	{"/invoke", BedrockInvoke},
	{"/invoke-with-response-stream", BedrockInvoke},
}

// Detect tells which API a request calls. The path may carry a query. A path
// that is not known is Other, or None for a method that has no body.
func Detect(method, path string) API {
	path = strings.TrimSuffix(cutQuery(path), "/")
	for _, p := range pathSuffixes {
		if strings.HasSuffix(path, p.suffix) {
			if p.api.Family() == Bedrock && !strings.Contains(path, "/model/") {
				continue
			}
			return p.api
		}
	}
	switch method {
	case "GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT":
		return None
	}
	return Other
}

// PathModel returns what the path of a call says in place of its body, or with
// more weight than it: the model's name, still percent-encoded, and whether the
// answer is a stream. Gemini, Bedrock, Vertex and Azure have it there; for other
// calls it returns nothing.
func PathModel(api API, path string) (model string, stream bool) {
	path = strings.TrimSuffix(cutQuery(path), "/")
	switch api.Family() {
	case OpenAI:
		_, rest, found := cutLast(path, "/deployments/")
		if !found {
			_, rest, _ = cutLast(path, "/engines/")
		}
		if model, _, found = strings.Cut(rest, "/"); !found {
			return "", false
		}
		return model, false
	case Gemini, Anthropic:
		_, last, _ := cutLast(path, "/")
		model, verb, found := cutLast(last, ":")
		if !found {
			return "", false
		}
		return model, strings.HasPrefix(verb, "stream")
	case Bedrock:
		_, rest, _ := cutLast(path, "/model/")
		model, verb, _ := strings.Cut(rest, "/")
		return model, strings.HasSuffix(verb, "-stream")
	}
	return "", false
}

func cutQuery(path string) string {
	for i := range len(path) { // strings.IndexAny takes ten times as long
		if path[i] == '?' || path[i] == '#' {
			return path[:i]
		}
	}
	return path
}

// cutLast is strings.Cut at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
