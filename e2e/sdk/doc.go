// Package sdk calls the demo stack with the official OpenAI and Anthropic SDKs,
// once with hostsim and once with Envoy. What matters is on the caller's side:
// answers and streams arrive, a refusal becomes the SDK's own error with our
// message and request id, and the SDK's own retry waits as long as we say.
//
// It is a module of its own so that the SDKs and all they bring stay out of the
// filter's go.mod. `make sdk` builds what it starts.
package sdk
