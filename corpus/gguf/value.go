package gguf

import "fmt"

// maxDepth bounds the nesting of arrays. The format has no bound and ggml reads
// only arrays that are not nested; four levels are more than any file needs.
const maxDepth = 4

// valueType is the type of a metadata value, numbered as in the file.
type valueType uint32

const (
	typeUint8 valueType = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
)

// valueTypes gives for each type its name and its least encoded size in bytes:
// a string is at least its length, an array its element type and count.
var valueTypes = [...]struct {
	name string
	size uint64
}{
	typeUint8:   {"uint8", 1},
	typeInt8:    {"int8", 1},
	typeUint16:  {"uint16", 2},
	typeInt16:   {"int16", 2},
	typeUint32:  {"uint32", 4},
	typeInt32:   {"int32", 4},
	typeFloat32: {"float32", 4},
	typeBool:    {"bool", 1},
	typeString:  {"string", 8},
	typeArray:   {"array", 4 + 8},
	typeUint64:  {"uint64", 8},
	typeInt64:   {"int64", 8},
	typeFloat64: {"float64", 8},
}

func (t valueType) known() bool { return uint64(t) < uint64(len(valueTypes)) }

// typeOf returns the type of a value, and of its elements if it is an array. It
// reports false if the format has no type for the value.
func typeOf(v any) (t, elem valueType, ok bool) {
	switch v.(type) {
	case uint8:
		return typeUint8, 0, true
	case int8:
		return typeInt8, 0, true
	case uint16:
		return typeUint16, 0, true
	case int16:
		return typeInt16, 0, true
	case uint32:
		return typeUint32, 0, true
	case int32:
		return typeInt32, 0, true
	case float32:
		return typeFloat32, 0, true
	case bool:
		return typeBool, 0, true
	case string:
		return typeString, 0, true
	case uint64:
		return typeUint64, 0, true
	case int64:
		return typeInt64, 0, true
	case float64:
		return typeFloat64, 0, true
	case []uint8:
		return typeArray, typeUint8, true
	case []int8:
		return typeArray, typeInt8, true
	case []uint16:
		return typeArray, typeUint16, true
	case []int16:
		return typeArray, typeInt16, true
	case []uint32:
		return typeArray, typeUint32, true
	case []int32:
		return typeArray, typeInt32, true
	case []float32:
		return typeArray, typeFloat32, true
	case []bool:
		return typeArray, typeBool, true
	case []string:
		return typeArray, typeString, true
	case []any:
		return typeArray, typeArray, true
	case []uint64:
		return typeArray, typeUint64, true
	case []int64:
		return typeArray, typeInt64, true
	case []float64:
		return typeArray, typeFloat64, true
	}
	return 0, 0, false
}

// describe names the type of a value in an error.
func describe(v any) string {
	t, elem, ok := typeOf(v)
	switch {
	case !ok:
		return fmt.Sprintf("of Go type %T, which GGUF does not have", v)
	case t == typeArray:
		return "an array of " + valueTypes[elem].name
	}
	return "of type " + valueTypes[t].name
}
