// Package provider is a small model provider for demonstrations and tests.
//
// It speaks enough of the OpenAI API (chat completions, responses, completions,
// embeddings, models; JSON and server-sent events, with usage) and of the
// Anthropic API (messages and count_tokens; JSON and server-sent events) for
// their official SDKs to call it. Its answer repeats the last user text, so a
// caller can see what arrived. Nothing about it is random: the same request
// gets the same answer, ids included.
//
// Request headers switch its behaviour:
//
//	x-demo-status: 500         answer with this status and an error body of the called API
//	x-demo-retry-after: 3      add this retry-after header to the answer
//	x-demo-delay: 200ms        wait before the response headers
//	x-demo-hold: NAME          wait before the response headers until Release(NAME)
//	x-demo-chunks: 5           split a streamed text into this many pieces (default: one a word)
//	x-demo-chunk-delay: 50ms   wait before each streamed event after the first
//	x-demo-gate: NAME          hold each streamed event after the first until Release(NAME)
//	x-demo-reset: headers      cut the connection before the response headers
//	x-demo-reset: stream       cut the connection in the middle of the response body
//	x-demo-encoding: gzip      compress a JSON answer, whatever the caller accepts
//	x-demo-pad: 100000         put this many further characters into the answer's text
//
// Whatever it sees it records; see Server.Seen, and GET or DELETE /demo/seen.
package provider
