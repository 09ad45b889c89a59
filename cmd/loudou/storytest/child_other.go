//go:build !linux

package storytest

import "syscall"

// withParent: only Linux ends a child with its parent.
func withParent() *syscall.SysProcAttr { return nil }
