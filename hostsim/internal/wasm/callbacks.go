package wasm

import "strings"

// callbackID names one of the functions that a filter may export.
type callbackID int

const (
	onVMStart callbackID = iota
	onConfigure
	onTick
	onContextCreate
	onNewConnection
	onDownstreamData
	onUpstreamData
	onDownstreamClose
	onUpstreamClose
	onRequestHeaders
	onRequestBody
	onRequestTrailers
	onResponseHeaders
	onResponseBody
	onResponseTrailers
	onHTTPCallResponse
	onGRPCReceiveInitialMetadata
	onGRPCReceive
	onGRPCReceiveTrailingMetadata
	onGRPCClose
	onQueueReady
	onForeignFunction
	onDone
	onLog
	onDelete
	callbackCount
)

// callback describes one: its name, what its parameters behind the context id are
// called, and whether it returns a value and what that means.
type callback struct {
	name   string
	params string
	result string // "", bool, action, filter
}

var callbacks = [callbackCount]callback{
	onVMStart:                     {"proxy_on_vm_start", "vm_configuration_size", "bool"},
	onConfigure:                   {"proxy_on_configure", "plugin_configuration_size", "bool"},
	onTick:                        {"proxy_on_tick", "", ""},
	onContextCreate:               {"proxy_on_context_create", "parent_context_id", ""},
	onNewConnection:               {"proxy_on_new_connection", "", "action"},
	onDownstreamData:              {"proxy_on_downstream_data", "data_size end_of_stream", "action"},
	onUpstreamData:                {"proxy_on_upstream_data", "data_size end_of_stream", "action"},
	onDownstreamClose:             {"proxy_on_downstream_connection_close", "close_source", ""},
	onUpstreamClose:               {"proxy_on_upstream_connection_close", "close_source", ""},
	onRequestHeaders:              {"proxy_on_request_headers", "num_headers end_of_stream", "action"},
	onRequestBody:                 {"proxy_on_request_body", "body_size end_of_stream", "action"},
	onRequestTrailers:             {"proxy_on_request_trailers", "num_trailers", "action"},
	onResponseHeaders:             {"proxy_on_response_headers", "num_headers end_of_stream", "action"},
	onResponseBody:                {"proxy_on_response_body", "body_size end_of_stream", "action"},
	onResponseTrailers:            {"proxy_on_response_trailers", "num_trailers", "action"},
	onHTTPCallResponse:            {"proxy_on_http_call_response", "call_id num_headers body_size num_trailers", ""},
	onGRPCReceiveInitialMetadata:  {"proxy_on_grpc_receive_initial_metadata", "call_id num_elements", ""},
	onGRPCReceive:                 {"proxy_on_grpc_receive", "call_id message_size", ""},
	onGRPCReceiveTrailingMetadata: {"proxy_on_grpc_receive_trailing_metadata", "call_id num_elements", ""},
	onGRPCClose:                   {"proxy_on_grpc_close", "call_id status_code", ""},
	onQueueReady:                  {"proxy_on_queue_ready", "queue_id", ""},
	onForeignFunction:             {"proxy_on_foreign_function", "function_id arguments_size", ""},
	onDone:                        {"proxy_on_done", "", "bool"},
	onLog:                         {"proxy_on_log", "", ""},
	onDelete:                      {"proxy_on_delete", "", ""},
}

// signature is the callback's WebAssembly type; each has the context id in front.
func (c callback) signature() string {
	params := strings.Repeat("i", 1+len(strings.Fields(c.params)))
	if c.result == "" {
		return params + "->"
	}
	return params + "->i"
}
