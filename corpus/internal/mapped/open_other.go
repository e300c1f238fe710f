//go:build !unix

package mapped

import "os"

// Open reads the file at path: this system has no mapping that the project knows.
func Open(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &File{Data: data}, nil
}
