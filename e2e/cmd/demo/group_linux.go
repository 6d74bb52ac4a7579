package main

import "syscall"

// ownGroup makes a child lead its own process group, and die with this program
// even if that is killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
