package wasm

import "syscall"

// reserve maps memory that is not backed by anything until it is touched.
func reserve(size uint64) (whole []byte, release func()) {
	whole, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return nil, nil
	}
	return whole, func() { syscall.Munmap(whole) }
}
