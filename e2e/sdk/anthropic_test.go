package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

type anthropicCaller struct{ client anthropic.Client }

func openAnthropic(url, key string, retries int, transport http.RoundTripper) caller {
	return anthropicCaller{anthropic.NewClient(
		option.WithoutEnvironmentDefaults(),
		option.WithBaseURL(url),
		option.WithAPIKey(key),
		option.WithMaxRetries(retries),
		option.WithHTTPClient(&http.Client{Transport: transport}),
	)}
}

func anthropicParams(text string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model:     "claude-sonnet-5",
		MaxTokens: 64,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))},
	}
}

func (c anthropicCaller) answer(ctx context.Context, text string) (string, error) {
	answer, err := c.client.Messages.New(ctx, anthropicParams(text))
	if err != nil {
		return "", err
	}
	return answer.Content[0].Text, nil
}

func (c anthropicCaller) afterTool(ctx context.Context, result string) error {
	params := anthropicParams("What does the page say?")
	params.Messages = append(params.Messages,
		anthropic.NewAssistantMessage(anthropic.NewToolUseBlock("toolu_1", map[string]any{}, "open_page")),
		anthropic.NewUserMessage(anthropic.NewToolResultBlock("toolu_1", result, false)))
	_, err := c.client.Messages.New(ctx, params)
	return err
}

func (c anthropicCaller) stream(ctx context.Context, text string) (pieces []string, err error) {
	stream := c.client.Messages.NewStreaming(ctx, anthropicParams(text))
	defer stream.Close()
	for stream.Next() {
		if delta := stream.Current().Delta; delta.Text != "" {
			pieces = append(pieces, delta.Text)
		}
	}
	return pieces, stream.Err()
}

func (c anthropicCaller) refusal(t *testing.T, err error) refusal {
	t.Helper()
	var e *anthropic.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want the SDK's own error", err)
	}
	var body struct {
		Error     struct{ Message string }
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(e.RawJSON()), &body); err != nil {
		t.Fatalf("the body is not JSON: %v", err)
	}
	if body.RequestID != e.RequestID {
		t.Errorf("request id %q in the body, %q in the header", body.RequestID, e.RequestID)
	}
	return refusal{e.StatusCode, string(e.Type()), body.Error.Message, e.RequestID, e.Response.Header}
}
