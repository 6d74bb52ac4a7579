package llm

import (
	"encoding/base64"
	"strings"
	"testing"
)

// standard64 decodes what isBase64 takes with encoding/base64: both alphabets,
// with or without padding and line breaks.
func standard64(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/", "\r", "", "\n", "").Replace(s)
	trimmed := strings.TrimRight(s, "=")
	if len(s)-len(trimmed) > 2 {
		return nil, base64.CorruptInputError(len(trimmed))
	}
	return base64.RawStdEncoding.DecodeString(trimmed)
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		method, path string
		want         API
	}{
		{"POST", "/v1/chat/completions", OpenAIChat},
		{"POST", "/v1/chat/completions/", OpenAIChat},
		{"POST", "/v1/chat/completions?stream=1", OpenAIChat},
		{"POST", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", OpenAIChat},
		{"POST", "/v1beta/openai/chat/completions", OpenAIChat},
		{"POST", "/chat/completions", OpenAIChat},
		{"POST", "/v1/completions", OpenAICompletions},
		{"POST", "/v1/responses", OpenAIResponses},
		{"POST", "/v1/responses/input_tokens", OpenAIResponses},
		{"POST", "/v1/embeddings", OpenAIEmbeddings},
		{"POST", "/v1/moderations", OpenAIModerations},
		{"POST", "/v1/messages", AnthropicMessages},
		{"POST", "/anthropic/v1/messages", AnthropicMessages},
		{"POST", "/v1/messages/count_tokens", AnthropicCountTokens},
		{"POST", "/v1/threads/t1/messages", Other},
		{"POST", "/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict", AnthropicMessages},
		{"POST", "/v1beta/models/gemini-2.5-pro:generateContent?key=x", GeminiGenerate},
		{"POST", "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", GeminiGenerate},
		{"POST", "/v1beta/models/gemini-2.5-pro:countTokens", GeminiGenerate},
		{"POST", "/model/anthropic.claude-v2%3A1/converse", BedrockConverse},
		{"POST", "/model/amazon.nova-lite-v1:0/converse-stream", BedrockConverse},
		{"POST", "/model/meta.llama3/invoke", BedrockInvoke},
		{"POST", "/model/meta.llama3/invoke-with-response-stream", BedrockInvoke},
		{"POST", "/functions/f/invoke", Other},
		{"POST", "/v1/audio/transcriptions", Other},
		{"POST", "/v1/chat/Completions", Other},
		{"POST", "/v1/chat/completions/abc", Other},
		{"PUT", "/x", Other},
		{"PATCH", "", Other},
		{"GET", "/v1/models", None},
		{"GET", "/v1/chat/completions", OpenAIChat},
		{"HEAD", "/", None},
		{"DELETE", "/v1/files/1", None},
	} {
		if got := Detect(c.method, c.path); got != c.want {
			t.Errorf("Detect(%s, %s) = %v, want %v", c.method, c.path, got, c.want)
		}
	}
}

func TestPathModel(t *testing.T) {
	for _, c := range []struct {
		path   string
		model  string
		stream bool
	}{
		{"/v1beta/models/gemini-2.5-pro:generateContent?key=x:y", "gemini-2.5-pro", false},
		{"/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", "gemini-2.5-pro", true},
		{"/v1beta/tunedModels/x:generateContent", "x", false},
		{"/v1/p/publishers/anthropic/models/claude@1:streamRawPredict", "claude@1", true},
		{"/v1/messages", "", false},
		{"/model/amazon.nova-lite-v1:0/converse", "amazon.nova-lite-v1:0", false},
		{"/model/arn%3Aaws%3Ax%2Fy/converse-stream", "arn%3Aaws%3Ax%2Fy", true},
		{"/model/m/invoke-with-response-stream/", "m", true},
		{"/v1/chat/completions", "", false},
		{"/openai/deployments/gpt-4o/chat/completions?api-version=1", "gpt-4o", false},
		{"/v1/engines/davinci/completions", "davinci", false},
		{"/deployments/chat/completions", "chat", false},
		{"/deployments/x/../y/embeddings", "x", false},
	} {
		model, stream := PathModel(Detect("POST", c.path), c.path)
		if model != c.model || stream != c.stream {
			t.Errorf("PathModel(%s) = %q, %v, want %q, %v", c.path, model, stream, c.model, c.stream)
		}
	}
}

func TestNames(t *testing.T) {
	families := map[Family]int{}
	for a := range numAPIs {
		if got, ok := APIByName(a.String()); !ok || got != a {
			t.Errorf("APIByName(%q) = %v, %v", a.String(), got, ok)
		}
		families[a.Family()]++
	}
	if families[OpenAI] != 5 || families[Anthropic] != 2 || families[Gemini] != 1 || families[Bedrock] != 2 || families[Generic] != 2 {
		t.Errorf("families %v", families)
	}
	if _, ok := APIByName("no such"); ok {
		t.Error("APIByName takes any name")
	}
	for got, want := range map[string]string{API(99).String(): "unknown", Role(99).String(): "unknown",
		Kind(99).String(): "unknown", Definition.String(): "definition", Ambiguous.String(): "ambiguous_body"} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// FuzzDetect checks that no path breaks Detect and PathModel.
func FuzzDetect(f *testing.F) {
	f.Add("POST", "/model//converse?x")
	f.Add("GET", ":generateContent")
	f.Fuzz(func(t *testing.T, method, path string) {
		api := Detect(method, path)
		if model, _ := PathModel(api, path); !strings.Contains(path, model) || api >= numAPIs {
			t.Fatalf("PathModel(%v, %q) = %q", api, path, model)
		}
	})
}
