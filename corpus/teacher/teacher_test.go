package teacher

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"
)

// The files are those that the model card describes.
func TestHashes(t *testing.T) {
	for name, data := range map[string][]byte{"model": GGUF(), "sample": Sample()} {
		if hash := fmt.Sprintf("%x", sha256.Sum256(data)); !bytes.Contains(Card(), []byte(hash)) {
			t.Errorf("%s of %d bytes has sha256 %s, which is not in the model card", name, len(data), hash)
		}
	}
}

func TestCopies(t *testing.T) {
	for name, get := range map[string]func() []byte{"GGUF": GGUF, "Card": Card, "Sample": Sample} {
		if b := get(); len(b) == 0 {
			t.Errorf("%s is empty", name)
		} else if b[0]++; b[0] == get()[0] {
			t.Errorf("%s gives its own memory away", name)
		}
	}
}
