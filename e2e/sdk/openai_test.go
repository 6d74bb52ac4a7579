package sdk

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

type openAICaller struct{ client openai.Client }

func openOpenAI(url, key string, retries int, transport http.RoundTripper) caller {
	return openAICaller{openai.NewClient(
		option.WithBaseURL(url+"/v1"),
		option.WithAPIKey(key),
		option.WithMaxRetries(retries),
		option.WithHTTPClient(&http.Client{Transport: transport}),
	)}
}

func openAIParams(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    "gpt-4o",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)},
	}
}

func (c openAICaller) answer(ctx context.Context, text string) (string, error) {
	answer, err := c.client.Chat.Completions.New(ctx, openAIParams(text))
	if err != nil {
		return "", err
	}
	return answer.Choices[0].Message.Content, nil
}

func (c openAICaller) afterTool(ctx context.Context, result string) error {
	call := openai.ChatCompletionMessageToolCallUnionParam{OfFunction: &openai.ChatCompletionMessageFunctionToolCallParam{
		ID:       "call_1",
		Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: "open_page", Arguments: "{}"},
	}}
	params := openAIParams("What does the page say?")
	params.Messages = append(params.Messages,
		openai.ChatCompletionMessageParamUnion{OfAssistant: &openai.ChatCompletionAssistantMessageParam{
			ToolCalls: []openai.ChatCompletionMessageToolCallUnionParam{call},
		}},
		openai.ToolMessage(result, "call_1"))
	_, err := c.client.Chat.Completions.New(ctx, params)
	return err
}

func (c openAICaller) stream(ctx context.Context, text string) (pieces []string, err error) {
	stream := c.client.Chat.Completions.NewStreaming(ctx, openAIParams(text))
	defer stream.Close()
	for stream.Next() {
		for _, choice := range stream.Current().Choices {
			if choice.Delta.Content != "" {
				pieces = append(pieces, choice.Delta.Content)
			}
		}
	}
	return pieces, stream.Err()
}

func (c openAICaller) refusal(t *testing.T, err error) refusal {
	t.Helper()
	var e *openai.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want the SDK's own error", err)
	}
	return refusal{e.StatusCode, e.Type, e.Message, e.Response.Header.Get("x-request-id"), e.Response.Header}
}
