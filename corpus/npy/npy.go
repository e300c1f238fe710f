// Package npy reads and writes arrays in NumPy's .npy format, versions 1 to 3,
// of little-endian floats in C order.
//
// Source of the format: numpy.lib.format, NEP 1.
package npy

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Array is an array in C order.
type Array struct {
	Shape []int
	Data  []float32
}

const magic = "\x93NUMPY"

// maxElements bounds what a header may ask for.
const maxElements = 1 << 32

var (
	descr   = regexp.MustCompile(`^'descr':\s*'([^']*)'`)
	fortran = regexp.MustCompile(`^'fortran_order':\s*(True|False)`)
	shape   = regexp.MustCompile(`^'shape':\s*\(([0-9, ]*)\)`)
)

// Parse reads an array of f4 or f8; f8 is rounded to f32.
func Parse(data []byte) (*Array, error) {
	bad := func(format string, args ...any) (*Array, error) {
		return nil, fmt.Errorf("npy: "+format, args...)
	}
	if len(data) < 10 || string(data[:6]) != magic {
		return bad("no NumPy array")
	}
	size, rest := uint64(binary.LittleEndian.Uint16(data[8:])), data[10:]
	switch data[6] {
	case 1:
	case 2, 3:
		if len(data) < 12 {
			return bad("header is cut off")
		}
		size, rest = uint64(binary.LittleEndian.Uint32(data[8:])), data[12:]
	default:
		return bad("version %d.%d: want 1 to 3", data[6], data[7])
	}
	if size > uint64(len(rest)) {
		return bad("header of %d bytes, the file has %d", size, len(rest))
	}
	header, body := strings.TrimSpace(string(rest[:size])), rest[size:]
	inner, ok1 := strings.CutPrefix(header, "{")
	inner, ok2 := strings.CutSuffix(strings.TrimSpace(inner), "}")
	if !ok1 || !ok2 {
		return bad("header %.60q is no dictionary", header)
	}
	a := &Array{}
	width, seen := 0, map[string]bool{}
	for inner = strings.TrimLeft(inner, " ,"); inner != ""; inner = strings.TrimLeft(inner, " ,") {
		var found []string
		key := ""
		for k, re := range map[string]*regexp.Regexp{"descr": descr, "fortran_order": fortran, "shape": shape} {
			if m := re.FindStringSubmatch(inner); m != nil {
				key, found = k, m
			}
		}
		if key == "" || seen[key] {
			return bad("header entry %.60q", inner)
		}
		seen[key] = true
		inner = inner[len(found[0]):]
		switch key {
		case "descr":
			widths := map[string]int{"<f4": 4, "<f8": 8}
			if width = widths[found[1]]; width == 0 {
				return bad("type %q: want <f4 or <f8", found[1])
			}
		case "fortran_order":
			if found[1] == "True" {
				return bad("Fortran order: want C order")
			}
		case "shape":
			for _, s := range strings.Split(found[1], ",") {
				if s = strings.TrimSpace(s); s == "" {
					continue
				}
				n, err := strconv.Atoi(s)
				if err != nil || n > maxElements {
					return bad("shape (%.60s)", found[1])
				}
				a.Shape = append(a.Shape, n)
			}
		}
	}
	if len(seen) != 3 {
		return bad("header has %d of descr, fortran_order and shape", len(seen))
	}
	n := 1
	for _, d := range a.Shape {
		if d > 0 && n > maxElements/d {
			return bad("shape %v has too many elements", a.Shape)
		}
		n *= d
	}
	if n*width != len(body) {
		return bad("shape %v of %d bytes each, the file has %d bytes", a.Shape, width, len(body))
	}
	a.Data = make([]float32, n)
	for i := range a.Data {
		if width == 4 {
			a.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
		} else {
			a.Data[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:])))
		}
	}
	return a, nil
}

// Bytes returns the array in version 1, of f4.
func (a *Array) Bytes() []byte {
	var dims strings.Builder
	for _, d := range a.Shape {
		fmt.Fprintf(&dims, "%d,", d)
	}
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", dims.String())
	header += strings.Repeat(" ", 63-(len(magic)+4+len(header))%64) + "\n" // data at a multiple of 64
	out := append([]byte(magic), 1, 0, byte(len(header)), byte(len(header)>>8))
	out = append(out, header...)
	for _, v := range a.Data {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}
