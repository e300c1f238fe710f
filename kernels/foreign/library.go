//go:build linux && (amd64 || arm64)

package foreign

import (
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"assay/kernels/cpustate"
	"assay/spec"
)

// Library is a shared library whose kernels run in a child process. Calls of its rows
// are made one after the other.
type Library struct {
	path    string
	limit   time.Duration
	mu      sync.Mutex
	memory  *parentMemory
	child   *child
	rows    []spec.Row
	infos   []rowInfo
	crashes int
}

// child is a running child process.
type child struct {
	cmd      *exec.Cmd
	requests *os.File
	replies  *os.File
	to       *gob.Encoder
	from     *gob.Decoder
	said     *tail
	size     int    // of the slots that it has mapped
	base     uint64 // where
}

// Open loads the library at path in a child process, which gets limit for each call and
// for loading; 0 means ten seconds. That it cannot be loaded is an error, a *LoadError if it crashes or
// hangs in that.
func Open(path string, limit time.Duration) (*Library, error) {
	if os.Getenv(childEnv) != "" {
		return nil, errors.New("foreign: this process is a child itself; its main or TestMain must begin with foreign.Serve()")
	}
	if limit == 0 {
		limit = 10 * time.Second
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("foreign: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("foreign: %w", err)
	}
	l := &Library{path: path, limit: limit}
	if l.memory, err = newParentMemory(); err != nil {
		return nil, err
	}
	if err := l.start(); err != nil {
		l.memory.close()
		return nil, err
	}
	for k, info := range l.infos {
		l.rows = append(l.rows, spec.Row{
			Op: info.Op, Tier: info.Tier, Tree: info.Tree,
			Func:      remote{l, k},
			Available: func() bool { return info.CanRun },
		})
	}
	return l, nil
}

// Rows returns the library's kernels.
func (l *Library) Rows() []spec.Row { return append([]spec.Row(nil), l.rows...) }

// Crashes returns how many children have crashed or hung so far.
func (l *Library) Crashes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.crashes
}

// Close ends the child. Rows must not be called any more.
func (l *Library) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop()
	l.memory.close()
}

// start starts a child and waits for its greeting.
func (l *Library) start() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("foreign: %w", err)
	}
	requestsIn, requestsOut, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("foreign: %w", err)
	}
	repliesIn, repliesOut, err := os.Pipe()
	if err != nil {
		requestsIn.Close()
		requestsOut.Close()
		return fmt.Errorf("foreign: %w", err)
	}
	c := &child{
		cmd: exec.Command(self), requests: requestsOut, replies: repliesIn,
		to: gob.NewEncoder(requestsOut), from: gob.NewDecoder(repliesIn), said: new(tail),
	}
	// What the library prints is kept for the report of a crash.
	c.cmd.Stdout, c.cmd.Stderr = c.said, c.said
	c.cmd.ExtraFiles = []*os.File{l.memory.file, requestsIn, repliesOut}
	c.cmd.Env = append(os.Environ(), childEnv+"="+l.path, "GOTRACEBACK=none", "GGML_NO_BACKTRACE=1")
	err = c.cmd.Start()
	requestsIn.Close()
	repliesOut.Close()
	if err != nil {
		requestsOut.Close()
		repliesIn.Close()
		return fmt.Errorf("foreign: %w", err)
	}
	l.child = c
	var hello greeting
	c.replies.SetReadDeadline(time.Now().Add(l.limit))
	if err := c.from.Decode(&hello); err != nil {
		return &LoadError{l.path, l.ended(err, request{})}
	}
	if hello.Error != "" {
		l.stop()
		return errors.New(hello.Error)
	}
	l.infos = hello.Rows
	return nil
}

// stop ends the child, if there is one, and returns how it ended.
func (l *Library) stop() error {
	if l.child == nil {
		return nil
	}
	c := l.child
	l.child = nil
	c.requests.Close()
	c.cmd.Process.Kill()
	err := c.cmd.Wait()
	c.replies.Close()
	return err
}

// ended takes away a child that has not answered, and says in words why.
func (l *Library) ended(err error, r request) string {
	c := l.child
	l.crashes++
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.stop()
		return fmt.Sprintf("hangs: no answer within %v", l.limit)
	}
	// It has closed its end, so it is ending by itself.
	timer := time.AfterFunc(time.Second, func() { c.cmd.Process.Kill() })
	how := c.cmd.Wait()
	timer.Stop()
	l.stop()
	said := c.said.String()
	text := fmt.Sprintf("crashes: %v", how)
	if m := signalLine.FindStringSubmatch(said); m != nil {
		text = "crashes: " + m[1]
		if a := addressLine.FindStringSubmatch(said); a != nil {
			address, _ := strconv.ParseUint(a[1], 16, 64)
			if where := locate(address, c.base, c.size, r.Out, r.In); where != "" && c.base != 0 {
				return where + " (" + m[1] + ")"
			}
			text += " at address 0x" + a[1]
		}
		said, _, _ = strings.Cut(said, m[0])
	}
	if last := lastLine(said); last != "" {
		text += "; it said: " + last
	}
	return text
}

// What Go's runtime prints when C code ends the process.
var (
	signalLine  = regexp.MustCompile(`(?m)^(?:fatal error: unexpected signal.*\n\[signal )?(SIG[A-Z]+: [a-z ]+)`)
	addressLine = regexp.MustCompile(`addr=0x([0-9a-f]+)`)
)

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// remote is a kernel of the library.
type remote struct {
	lib *Library
	row int
}

func (r remote) Run(c *spec.Call) {
	l := r.lib
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.child == nil {
		if err := l.start(); err != nil {
			panic(spec.Fault(err.Error()))
		}
	}
	need := 0
	for _, b := range append([][]byte{c.Out}, c.In...) {
		need = max(need, len(b)+marginBytes+64)
	}
	if need > l.memory.size {
		size := l.memory.size
		for size < need {
			size *= 2
		}
		if err := l.memory.resize(size); err != nil {
			panic(spec.Fault(err.Error()))
		}
	}
	req := request{Row: r.row, Size: l.memory.size, Shape: c.Shape, Threads: c.Threads, Out: l.memory.put(0, c.Out), Mode: cpustate.Mode()}
	for k, b := range c.In {
		req.In = append(req.In, l.memory.operand(k, b, c, req))
	}
	if l.child.size != l.memory.size { // so that its address is known before anything can go wrong
		var a reply
		if err := l.ask(request{Row: -1, Size: l.memory.size}, &a); err != nil {
			panic(spec.Fault(l.ended(err, req)))
		}
		l.child.size, l.child.base = l.memory.size, a.Base
	}
	var a reply
	if err := l.ask(req, &a); err != nil {
		panic(spec.Fault(l.ended(err, req)))
	}
	copy(c.Out, l.memory.bytes(req.Out))
	switch {
	case a.Fault != "":
		panic(spec.Fault(a.Fault))
	case !l.memory.watched(req.Out):
		panic(spec.Fault("bytes outside the output were written"))
	}
	// The caller finds the processor as the kernel has left it.
	cpustate.SetMode(a.Mode)
	if a.InUse&cpustate.UpperHalves != 0 {
		cpustate.SoilRegisters(0)
	}
}

// operand places operand k of a call. One that is the same memory as the output or
// as an operand before it is so in the child, too.
func (m *parentMemory) operand(k int, b []byte, c *spec.Call, r request) place {
	same := func(o []byte) bool {
		return len(b) == len(o) && len(b) > 0 && unsafe.SliceData(b) == unsafe.SliceData(o)
	}
	if len(b) == 0 {
		return place{Slot: -1}
	}
	if same(c.Out) {
		return r.Out
	}
	for j := range k {
		if same(c.In[j]) {
			return r.In[j]
		}
	}
	return m.put(k+1, b)
}

// ask sends a request and waits for the reply.
func (l *Library) ask(r request, a *reply) error {
	if err := l.child.to.Encode(r); err != nil {
		return err
	}
	l.child.replies.SetReadDeadline(time.Now().Add(l.limit))
	return l.child.from.Decode(a)
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 1 << 14

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if n := len(t.text) - tailBytes; n > 0 {
		t.text = append(t.text[:0], t.text[n:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
