package apr

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"

	"assay/corpus/internal/mapped"
)

// Open maps the file at path and parses it as [Parse] does; the memory taken does
// not grow with the tensors. The data of the tensors may only be read, and only
// until [File.Close]; the file must not be cut shorter meanwhile, for touching
// what is no longer there ends the process. An error of the file's content wraps
// a [*FormatError].
func Open(path string) (*File, error) {
	f, m, err := mapped.Parse("apr", path, Parse)
	if err != nil {
		return nil, err
	}
	f.mapping = m
	return f, nil
}

// Close gives back the memory of a file that [Open] has mapped; the data of its
// tensors must not be touched afterwards, nor those of what [File.ToGGUF] made of
// it. A file that is never closed stays mapped until the process ends. Closing one
// twice, or one that was not opened, does nothing.
func (f *File) Close() error { return f.mapping.Close() }

// Parse reads a file. The data of the tensors are slices of data, which must not
// change while they are in use; the metadata and names are copies. Any error is a
// [*FormatError].
func Parse(data []byte) (*File, error) {
	total := uint64(len(data))
	if total < header+4 {
		return nil, bad("file", 0, "has %d bytes, a header and a checksum take %d", total, header+4)
	}
	le := binary.LittleEndian
	h := data[:header]
	flags := Flags(le.Uint16(h[6:]))
	count, metaSize := uint64(le.Uint32(h[8:])), uint64(le.Uint32(h[20:]))
	metaAt, indexAt, dataAt := le.Uint64(h[12:]), le.Uint64(h[24:]), le.Uint64(h[32:])
	end := total - 4 // of the data; the checksum follows
	switch {
	case !bytes.Equal(h[:4], magic[:]):
		return nil, bad("magic", 0, "is %x, want %x", h[:4], magic)
	case h[4] != 2 || h[5] != 0:
		return nil, bad("version", 4, "is %d.%d, want 2.0", h[4], h[5])
	}
	if why := flags.refused(); why != "" {
		return nil, bad("flags", 6, "are %04x: %s", uint16(flags), why)
	}
	if !zero(h[44:]) {
		return nil, bad("header", 44, "is not zero where it is reserved")
	}
	if why := checkSum(le.Uint32(h[40:]), headerSum(h)); why != "" {
		return nil, bad("header checksum", 40, "%s", why)
	}
	if why := checkSum(le.Uint32(data[end:]), crc32.ChecksumIEEE(data[:end])); why != "" {
		return nil, bad("checksum", end, "%s", why)
	}
	// A checksum that matches says nothing about the offsets.
	switch {
	case metaAt != header:
		return nil, bad("metadata offset", 12, "is %d, want %d", metaAt, header)
	case metaSize > end-header:
		return nil, bad("metadata size", 20, "is %d, %d bytes remain", metaSize, end-header)
	case indexAt < header+metaSize || indexAt > end || indexAt%align != 0:
		return nil, bad("index offset", 24, "is %d, want a multiple of %d from %d to %d", indexAt, align, header+metaSize, end)
	case dataAt < indexAt || dataAt > end || dataAt%align != 0:
		return nil, bad("data offset", 32, "is %d, want a multiple of %d from %d to %d", dataAt, align, indexAt, end)
	case !zero(data[header+metaSize : indexAt]):
		return nil, bad("padding", header+metaSize, "of the metadata is not zero")
	}
	f := &File{Flags: flags, Metadata: json.RawMessage(bytes.Clone(data[header : header+metaSize]))}
	if why := checkMetadata(f.Metadata); why != "" {
		return nil, bad("metadata", header, "%s", why)
	}
	if err := f.readIndex(data, count, indexAt, dataAt, end); err != nil {
		return nil, err
	}
	return f, nil
}

// headerSum is the checksum of a header, the place of the checksum apart.
func headerSum(h []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(h[:40]), crc32.IEEETable, h[44:header])
}

// checkSum returns why a stored checksum is invalid, or "".
func checkSum(stored, sum uint32) string {
	switch {
	case stored == sum:
		return ""
	case stored == 0:
		return fmt.Sprintf("is zero, as if it had been left out, want %08x", sum)
	}
	return fmt.Sprintf("is %08x, of the bytes it is %08x: they are damaged, or cut off", stored, sum)
}

func zero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}
