// Command init is process 1 of the emulated machine: it runs /program with the
// arguments and environment packed beside it, sends the program's output to
// the first serial port and, on the second, says when it begins and how it
// ended. Keeping the two apart leaves the output exactly as the program wrote
// it, whatever the kernel prints.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"unsafe"
)

func main() {
	syscall.Mount("proc", "/proc", "proc", 0, "")
	syscall.Mount("dev", "/dev", "devtmpfs", 0, "")
	out, control := serial("/dev/ttyS0"), serial("/dev/ttyS1")
	if missing := unfit(); missing != "" {
		fmt.Fprintln(control, "this CPU is not as it should be:", missing)
		ioctl(control, tcsbrk, 1)
		syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	}
	fmt.Fprintln(control, "assay-begin")
	status := run(out)
	// The emulator is stopped as soon as the status is seen, so the output must
	// have left the machine before it.
	ioctl(out, tcsbrk, 1)
	fmt.Fprintln(control, "assay-exit", status)
	ioctl(control, tcsbrk, 1)
	syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
}

// unfit says what is wrong with the CPU as the kernel has set it up, so that no
// program passes its tests on another CPU than they are meant for.
func unfit() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	has := map[string]bool{}
	for _, flag := range strings.Fields(string(info)) {
		has[flag] = true
	}
	for _, flag := range []string{"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"} {
		if !has[flag] {
			return "no " + flag
		}
	}
	if has["gfni"] {
		return "it has gfni, which the emulator computes wrongly"
	}
	return ""
}

func run(out *os.File) int {
	cmd := exec.Command("/program", list("/args")...)
	cmd.Env = list("/env")
	cmd.Dir = "/work"
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failed):
		if ws := failed.Sys().(syscall.WaitStatus); ws.Signaled() {
			fmt.Fprintln(out, "emulate: the program was killed:", ws.Signal())
			return 128 + int(ws.Signal()) // as a shell reports it
		}
		return failed.ExitCode()
	}
	fmt.Fprintln(out, "emulate: the program cannot be started:", err)
	return 126
}

// tcsbrk with a nonzero argument waits until a terminal's output is sent.
const tcsbrk = 0x5409

// serial opens a serial port for bytes as they are: the terminal layer would
// turn each newline into two characters.
func serial(name string) *os.File {
	f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		fmt.Println("init:", err) // the kernel's console
		syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	}
	var t syscall.Termios
	ioctl(f, syscall.TCGETS, uintptr(unsafe.Pointer(&t)))
	t.Oflag &^= syscall.OPOST
	t.Lflag &^= syscall.ECHO
	ioctl(f, syscall.TCSETS, uintptr(unsafe.Pointer(&t)))
	return f
}

func ioctl(f *os.File, request, arg uintptr) {
	syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, arg)
}

// list reads a file of strings that each end in a zero byte.
func list(name string) []string {
	data, err := os.ReadFile(name)
	if err != nil || len(data) == 0 {
		return nil
	}
	var out []string
	for _, s := range bytes.Split(bytes.TrimSuffix(data, []byte{0}), []byte{0}) {
		out = append(out, string(s))
	}
	return out
}
