package wasm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
)

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
