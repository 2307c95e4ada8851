package main

import (
	"syscall"
	"unsafe"
)

const clockMonotonic = 1

// machineNanoseconds reads the clock that process.hrtime of Node.js reads here too, so that a time taken in this
// process and one taken in that can be subtracted. The package time tells only how far apart two of its own are.
func machineNanoseconds() int64 {
	var now syscall.Timespec
	if _, _, failed := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0); failed != 0 {
		panic(failed)
	}
	return now.Nano()
}
