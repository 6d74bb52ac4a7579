package hostsim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/wasm"
)

type (
	wasmCall     = wasm.Call
	wasmResponse = wasm.CallResponse
)

// call sends a filter's own request. nil is a failure.
func (c *cluster) call(ctx context.Context, call wasm.Call) *wasm.CallResponse {
	req := &http.Request{Method: call.Headers.Value(":method"), Host: call.Headers.Value(":authority"),
		URL: requestURL(c.url.Host, call.Headers.Value(":path")), Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader(call.Body)), ContentLength: int64(len(call.Body))}
	for _, f := range call.Headers.Fields() {
		if !strings.HasPrefix(f.Name, ":") && f.Name != "content-length" {
			req.Header.Add(f.Name, f.Value)
		}
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = nil
	}
	resp, err := c.transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, highWatermark))
	if err != nil {
		return nil
	}
	response := &wasm.CallResponse{Headers: header.New(header.Response), Body: body}
	response.Headers.Add(":status", strconv.Itoa(resp.StatusCode))
	for _, f := range trailerMap(resp.Header).Fields() {
		response.Headers.Add(f.Name, f.Value)
	}
	if len(resp.Trailer) > 0 {
		response.Trailers = trailerMap(resp.Trailer)
	}
	return response
}
