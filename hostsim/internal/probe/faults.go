//go:build wasip1

package main

import (
	"unsafe"
)

// badResult asks for a result at an address outside the memory.
func (c *context) badResult(s step) {
	key, keySize := at(":path")
	report(s, proxyGetHeader(0, key, keySize, ptr(uintptr(s.num(1))), ptr(uintptr(s.num(1)))))
}

//go:noinline
func unreachable(s step) {
	var nowhere *uint32
	*(*uint32)(unsafe.Add(ptr(nowhere), 0xfffffff0)) = 1
}

//go:noinline
func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n+1) + 1
}

// hoard takes memory until there is no more.
func hoard() {
	var all [][]byte
	for {
		all = append(all, make([]byte, 16<<20))
		if len(all) == 0 {
			return
		}
	}
}
