//go:build wasip1

package main

import (
	"strconv"
	"strings"
)

var buffers = map[string]uint32{"request": 0, "response": 1, "downstream": 2, "upstream": 3, "call": 4, "grpc": 5,
	"vm": 6, "plugin": 7, "data": 8}

func (c *context) getBuffer(s step) {
	var r result
	data, size := r.args()
	status := proxyGetBuffer(which(buffers, s.str(1)), s.num(2), s.num(3), data, size)
	report(s, status, shorten(r.String()))
}

// shorten shows long text by its length and ends.
func shorten(text string) string {
	if len(text) <= 200 {
		return text
	}
	return text[:20] + "..." + text[len(text)-20:] + " " + strconv.Itoa(len(text))
}

func (c *context) bufferStatus(s step) {
	var length, flags uint32
	status := proxyBufferStatus(which(buffers, s.str(1)), ptr(&length), ptr(&flags))
	report(s, status, strconv.Itoa(int(length)), strconv.Itoa(int(flags)))
}

func (c *context) setBuffer(s step) {
	data, size := at(s.str(4))
	report(s, proxySetBuffer(which(buffers, s.str(1)), s.num(2), s.num(3), data, size))
}

// getProperty reads a property. Its path is divided by dots; "\d" stands for a dot.
func (c *context) getProperty(s step) {
	var r result
	path, pathSize := at(propertyPath(s.str(1)))
	data, size := r.args()
	report(s, proxyGetProperty(path, pathSize, data, size), r.String())
}

func propertyPath(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, ".", "\x00"), `\d`, ".")
}

func (c *context) setProperty(s step) {
	path, pathSize := at(propertyPath(s.str(1)))
	data, size := at(s.str(2))
	report(s, proxySetProperty(path, pathSize, data, size))
}
