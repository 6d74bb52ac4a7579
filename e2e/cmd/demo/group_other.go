//go:build unix && !linux

package main

import "syscall"

// ownGroup makes a child lead its own process group.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
