package wasm

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"net"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

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
