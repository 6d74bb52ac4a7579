package wasm

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

// maxTraced is how many bytes of one argument a trace shows.
const maxTraced = 1024

func (vm *VM) tracing() bool { return vm.Spec.Host.Trace != nil }

// trace writes one line, indented by how deep the call is.
func (vm *VM) trace(format string, args ...any) {
	if vm.tracing() {
		line := fmt.Sprintf(format, args...)
		vm.Spec.Host.Trace(vm.Worker.Index(), strings.Repeat("\t", max(vm.depth-1, 0))+line)
	}
}

func (vm *VM) traceCallback(id callbackID, args []uint32) {
	parts := []string{"context_id=" + strconv.FormatUint(uint64(args[0]), 10)}
	for i, name := range strings.Fields(callbacks[id].params) {
		value := strconv.FormatUint(uint64(args[i+1]), 10)
		if name == "end_of_stream" {
			value = strconv.FormatBool(args[i+1] != 0)
		}
		parts = append(parts, name+"="+value)
	}
	vm.trace("--> %s(%s)", callbacks[id].name, strings.Join(parts, ","))
}

func (vm *VM) traceReturn(id callbackID, result uint32) {
	text := "()"
	switch callbacks[id].result {
	case "bool":
		text = strconv.FormatBool(result != 0)
	case "action":
		text = strconv.FormatUint(uint64(result), 10)
		if result < 2 {
			text = [2]string{"continue", "pause"}[result]
		}
	}
	vm.trace("<-- %s", text)
}

func (vm *VM) traceHostCall(c *hostCall, f *frame, stack []uint64) {
	var parts []string
	at, ins := 0, 0
	for _, p := range c.params {
		text := ""
		switch p.kind {
		case number:
			text = strconv.FormatUint(uint64(uint32(stack[at])), 10)
		case enum:
			text = p.enum.Name(uint32(stack[at]))
		case long:
			text = strconv.FormatInt(int64(stack[at]), 10)
		case input:
			text = traceInput(p.name, f.in[ins], uint32(stack[at+1]))
			ins++
			at++
		case output:
			at++
		}
		at++
		if text != "" {
			parts = append(parts, p.name+"="+text)
		}
	}
	vm.trace("\t==> %s(%s)", c.name, strings.Join(parts, ","))
}

// traceInput shows bytes that the filter passed; nil with a size is out of bounds.
func traceInput(name string, data []byte, size uint32) string {
	if data == nil && size > 0 {
		return fmt.Sprintf("<%d bytes out of bounds>", size)
	}
	switch name {
	case "headers", "trailers", "pairs", "initial_metadata":
		return tracePairs(abi.ParsePairs(data))
	case "path":
		return quote([]byte(strings.ReplaceAll(strings.TrimSuffix(string(data), "\x00"), "\x00", ".")))
	}
	return quote(data)
}

func tracePairs(pairs []abi.Pair) string {
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = p.Name + ":" + quote([]byte(p.Value))
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// quote shows bytes as a Go string literal, cut off when long.
func quote(data []byte) string {
	if len(data) > maxTraced {
		return strconv.Quote(string(data[:maxTraced])) + "…(" + strconv.Itoa(len(data)) + " bytes)"
	}
	return strconv.Quote(string(data))
}

func (vm *VM) traceHostReturn(c *hostCall, f *frame, status abi.Status) {
	parts := []string{status.String()}
	words := 0
	for _, p := range c.params {
		if status != abi.OK {
			break
		}
		switch p.kind {
		case output:
			parts = append(parts, p.name+"="+traceOutput(c.name, f.out))
		case word:
			parts = append(parts, p.name+"="+strconv.FormatUint(uint64(f.out32[words]), 10))
			words++
		case dword:
			parts = append(parts, p.name+"="+strconv.FormatUint(f.out64, 10))
		}
	}
	vm.trace("\t<== %s", strings.Join(parts, " "))
}

func traceOutput(call string, data []byte) string {
	if call == "proxy_get_header_map_pairs" {
		if len(data) >= 4 && binary.LittleEndian.Uint32(data) > 0 {
			return tracePairs(abi.ParsePairs(data))
		}
		return "[]"
	}
	return quote(data)
}
