package wasm

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// statePrefix is what Envoy puts before the name of a property that a filter sets.
const statePrefix = "wasm."

func (c *Context) info() *chain.Info {
	switch {
	case c.handle != nil:
		return c.handle.Info()
	case c.tcp != nil:
		return c.tcp.conn.Info()
	}
	return nil
}

// getProperty is proxy_get_property.
func (c *Context) getProperty(path string) ([]byte, abi.Status) {
	parts := pathParts(path)
	if len(parts) == 0 {
		return nil, abi.SerializationFailure
	}
	v := walk(c.topProperty(parts[0]), parts[1:])
	if v == nil {
		return nil, abi.NotFound
	}
	return serialize(v)
}

// topProperty finds the first part of a path.
func (c *Context) topProperty(name string) value {
	info := c.info()
	switch name {
	case "plugin_name":
		if c.plugin != nil {
			return c.plugin.Name
		}
		return nil
	case "plugin_root_id":
		return c.rootID()
	case "plugin_vm_id":
		return c.vm.Spec.ID
	case "xds":
		return fields(func(name string) value { return c.xdsProperty(info, name) })
	}
	if info == nil {
		return nil
	}
	if v := c.streamProperty(info, name); v != nil {
		return v
	}
	if object, ok := info.State[statePrefix+name]; ok {
		return object.Value
	}
	return nil
}

func (c *Context) streamProperty(info *chain.Info, name string) value {
	switch name {
	case "request":
		return fields(func(name string) value { return requestProperty(info, c.propertyHeaders(true), name) })
	case "response":
		return fields(func(name string) value { return c.responseProperty(info, name) })
	case "connection":
		return fields(func(name string) value { return connectionProperty(info, name) })
	case "connection_id":
		return info.ConnectionID
	case "upstream":
		return fields(func(name string) value { return upstreamProperty(info, name) })
	case "source":
		return peer(info.Remote)
	case "destination":
		return peer(info.Local)
	case "metadata":
		return message{members: map[string]value{"filter_metadata": dict{}}}
	case "filter_state":
		return fields(func(name string) value {
			if object, ok := info.State[name]; ok {
				return object.Value
			}
			return nil
		})
	}
	return nil
}

// propertyHeaders is the header map that properties look into: only the one that the
// running callback may read.
func (c *Context) propertyHeaders(request bool) *header.Map {
	if c.logging && c.handle != nil {
		req, resp, _ := c.handle.Maps()
		if request {
			return req
		}
		return resp
	}
	if request {
		return c.requestHeaders
	}
	return c.responseHeaders
}

func requestProperty(info *chain.Info, h *header.Map, name string) value {
	switch name {
	case "time":
		return info.Start
	case "duration":
		if info.Over {
			return info.Elapsed
		}
		return nil
	case "protocol":
		if info.Protocol != "" {
			return info.Protocol
		}
		return nil
	case "headers":
		return headerFields(h)
	case "size":
		return requestSize(info, h)
	case "total_size":
		size := int64(info.RequestBytes)
		if h != nil {
			size += int64(h.Bytes())
		}
		return size
	}
	if h == nil {
		return nil
	}
	return requestHeaderProperty(h, name)
}

// requestSize is what content-length says, else what came so far.
func requestSize(info *chain.Info, h *header.Map) value {
	length, ok := h.Get("content-length")
	if !ok {
		return int64(info.RequestBytes)
	}
	if n, err := strconv.ParseInt(length, 10, 64); err == nil {
		return n
	}
	return nil
}

// requestHeaderNames are the properties of a request that are one header each.
var requestHeaderNames = map[string]string{"path": ":path", "host": ":authority", "scheme": ":scheme",
	"method": ":method", "referer": "referer", "id": "x-request-id", "useragent": "user-agent"}

func requestHeaderProperty(h *header.Map, name string) value {
	path, query, _ := strings.Cut(h.Value(":path"), "?")
	switch name {
	case "url_path":
		return path
	case "query":
		query, _, _ = strings.Cut(query, "#")
		return query
	}
	if v, ok := h.Get(requestHeaderNames[name]); ok {
		return v
	}
	return nil
}

// headerFields lists headers, or finds one; several values of one are joined by a comma.
func headerFields(h *header.Map) value {
	var d dict
	for _, f := range h.Fields() {
		if i := slices.IndexFunc(d, func(p abi.Pair) bool { return p.Name == f.Name }); i >= 0 {
			d[i].Value += "," + f.Value
		} else {
			d = append(d, abi.Pair(f))
		}
	}
	return d
}

func (c *Context) responseProperty(info *chain.Info, name string) value {
	h, t := c.propertyHeaders(false), c.responseTrailers
	if c.logging && c.handle != nil {
		_, _, t = c.handle.Maps()
	}
	switch name {
	case "code":
		if info.ResponseCode != 0 {
			return int64(info.ResponseCode)
		}
	case "code_details":
		if info.HasDetails {
			return info.Details
		}
	case "flags":
		return int64(info.Flags)
	case "size":
		return int64(info.ResponseBytes)
	case "total_size":
		size := int64(info.ResponseBytes)
		for _, m := range []*header.Map{h, t} {
			if m != nil {
				size += int64(m.Bytes())
			}
		}
		return size
	case "headers":
		return headerFields(h)
	case "trailers":
		return headerFields(t)
	case "grpc_status":
		return grpcStatusProperty(info, h, t)
	case "backend_latency":
		if info.UpstreamDuration > 0 {
			return info.UpstreamDuration
		}
	}
	return nil
}

// grpcStatusProperty finds the status in trailers or headers, else from the HTTP code.
func grpcStatusProperty(info *chain.Info, h, t *header.Map) value {
	for _, m := range []*header.Map{t, h} {
		if text, ok := m.Get("grpc-status"); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return n
			}
			return int64(-1)
		}
	}
	if info.ResponseCode != 0 {
		return int64(chain.GRPCStatus(info.ResponseCode))
	}
	return nil
}

func connectionProperty(info *chain.Info, name string) value {
	switch name {
	case "mtls":
		return info.TLS != nil && len(info.TLS.PeerCertificates) > 0
	case "id":
		return info.ConnectionID
	case "requested_server_name":
		if info.TLS != nil {
			return info.TLS.ServerName
		}
		return ""
	case "tls_version":
		if info.TLS != nil {
			return strings.Replace(tls.VersionName(info.TLS.Version), "TLS ", "TLSv", 1)
		}
	}
	if info.TLS != nil && len(info.TLS.PeerCertificates) > 0 {
		return certificateProperty(info.TLS.PeerCertificates[0], name)
	}
	return nil
}

// certificateProperty tells of a client's certificate. As in Envoy a name that it
// does not have is an empty text.
func certificateProperty(c *x509.Certificate, name string) value {
	switch name {
	case "subject_peer_certificate":
		return c.Subject.String()
	case "uri_san_peer_certificate":
		if len(c.URIs) > 0 {
			return c.URIs[0].String()
		}
		return ""
	case "dns_san_peer_certificate":
		if len(c.DNSNames) > 0 {
			return c.DNSNames[0]
		}
		return ""
	case "sha256_peer_certificate_digest":
		sum := sha256.Sum256(c.Raw)
		return hex.EncodeToString(sum[:])
	}
	return nil
}

func upstreamProperty(info *chain.Info, name string) value {
	switch name {
	case "request_attempt_count":
		return info.Attempts
	case "transport_failure_reason":
		if info.Attempts > 0 {
			return info.UpstreamFailure
		}
	case "address":
		if info.UpstreamAddress != "" {
			return info.UpstreamAddress
		}
	case "port":
		return portOf(info.UpstreamAddress)
	case "local_address":
		if info.UpstreamLocal != "" {
			return info.UpstreamLocal
		}
	case "locality":
		if info.UpstreamAddress != "" {
			return message{}
		}
	case "cx_pool_ready_duration":
		if info.PoolReady > 0 {
			return info.PoolReady
		}
	}
	return nil
}

func peer(address string) value {
	return fields(func(name string) value {
		switch name {
		case "address":
			return address
		case "port":
			return portOf(address)
		}
		return nil
	})
}

func portOf(address string) value {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil
	}
	n, err := strconv.ParseInt(port, 10, 64)
	if err != nil {
		return nil
	}
	return n
}

func (c *Context) xdsProperty(info *chain.Info, name string) value {
	if name == "node" {
		return c.vm.node()
	}
	if info == nil {
		return nil
	}
	switch name {
	case "cluster_name":
		if info.ClusterName != "" {
			return info.ClusterName
		}
	case "route_name":
		if info.HasRoute {
			return info.RouteName
		}
	case "virtual_host_name":
		if info.HasRoute {
			return info.VirtualHost
		}
	case "upstream_host_metadata":
		if info.UpstreamAddress != "" {
			return message{absent: true}
		}
	case "filter_chain_name":
		return ""
	case "cluster_metadata":
		if info.ClusterName != "" {
			return message{}
		}
	case "route_metadata", "virtual_host_metadata":
		if info.HasRoute {
			return message{}
		}
	case "listener_metadata":
		return message{}
	case "listener_direction":
		return int64(0)
	}
	return nil
}

// node is the protobuf message of the node: its id (1) and cluster (2).
func (vm *VM) node() value {
	id, cluster := vm.Spec.Host.NodeID, vm.Spec.Host.NodeCluster
	encoded := appendField(appendField(nil, 1, id), 2, cluster)
	return message{encoded: encoded, members: map[string]value{"id": id, "cluster": cluster, "metadata": dict{}}}
}

// setProperty is proxy_set_property: filter state under the prefix "wasm.".
func (c *Context) setProperty(path string, data []byte) abi.Status {
	info := c.info()
	if info == nil {
		return abi.NotFound
	}
	name := statePrefix + path
	object, ok := info.State[name]
	if ok && object.ReadOnly {
		return abi.BadArgument
	}
	object.ReadOnly = c.root.prototypes[path].readOnly
	object.CEL, object.Value = true, append([]byte(nil), data...)
	info.SetState(name, object)
	return abi.OK
}
