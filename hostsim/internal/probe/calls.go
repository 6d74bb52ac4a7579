//go:build wasip1

package main

import (
	"strconv"
	"strings"
)

// reply sends a local response: reply CODE DETAILS BODY GRPC NAME=VALUE...
func (c *context) reply(s step) {
	details, detailsSize := at(s.str(2))
	body, bodySize := at(s.str(3))
	headers, headersSize := at(pack(s.rest(5)))
	grpc := int32(-1)
	if s.str(4) != "" {
		grpc = int32(s.num(4))
	}
	report(s, proxySendLocalResponse(s.num(1), details, detailsSize, body, bodySize, headers, headersSize, grpc))
}

// httpCall is call CLUSTER TIMEOUT BODY NAME=VALUE...
func (c *context) httpCall(s step) {
	var id uint32
	cluster, clusterSize := at(s.str(1))
	body, bodySize := at(s.str(3))
	headers, headersSize := at(pack(s.rest(4)))
	status := proxyHTTPCall(cluster, clusterSize, headers, headersSize, body, bodySize, nil, 0, s.num(2), ptr(&id))
	c.root.setID("call", id)
	report(s, status)
}

// grpcCall is grpc CLUSTER TIMEOUT SERVICE METHOD MESSAGE NAME=VALUE...
func (c *context) grpcCall(s step) {
	var id uint32
	cluster, clusterSize := at(s.str(1))
	service, serviceSize := at(s.str(3))
	method, methodSize := at(s.str(4))
	message, messageSize := at(s.str(5))
	metadata, metadataSize := at(pack(s.rest(6)))
	status := proxyGRPCCall(cluster, clusterSize, service, serviceSize, method, methodSize, metadata, metadataSize,
		message, messageSize, s.num(2), ptr(&id))
	c.root.setID("grpc", id)
	report(s, status)
}

// grpcStream is grpcstream CLUSTER SERVICE METHOD NAME=VALUE...
func (c *context) grpcStream(s step) {
	var id uint32
	cluster, clusterSize := at(s.str(1))
	service, serviceSize := at(s.str(2))
	method, methodSize := at(s.str(3))
	metadata, metadataSize := at(pack(s.rest(4)))
	status := proxyGRPCStream(cluster, clusterSize, service, serviceSize, method, methodSize, metadata, metadataSize, ptr(&id))
	c.root.setID("grpc", id)
	report(s, status)
}

// grpcSend is grpcsend CALL MESSAGE END.
func (c *context) grpcSend(s step) {
	data, size := at(s.str(2))
	report(s, proxyGRPCSend(c.id32(s.str(1)), data, size, s.num(3)))
}

// foreign is foreign NAME ARGUMENTS, where FIELD:TEXT arguments make a protobuf message.
func (c *context) foreign(s step) {
	var r result
	var arguments []byte
	for _, word := range s.rest(2) {
		field, text, ok := strings.Cut(word, ":")
		n, _ := strconv.Atoi(field)
		if !ok {
			arguments = append(arguments, word...)
			continue
		}
		arguments = append(arguments, byte(n<<3|2), byte(len(text)))
		arguments = append(arguments, text...)
	}
	name, nameSize := at(s.str(1))
	args, argsSize := at(string(arguments))
	data, size := r.args()
	report(s, proxyForeign(name, nameSize, args, argsSize, data, size), r.String())
}
