package wasm

import (
	"strconv"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

func (c *Context) responseProperty(info *chain.Info, name string) value {
	h, t := c.propertyHeaders(false), c.response.trailers
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
