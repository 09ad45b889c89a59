package storytest

import "syscall"

// withParent makes the kernel kill a child when the test is gone, however that came about.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
