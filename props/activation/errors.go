package activation

import "errors"

var (
	// ErrArchitecture is wrapped by the errors of a model that may well be
	// valid but computes something else than the pass of this package: another
	// architecture, or a variant with experts, another RoPE scaling, or tensors
	// that the pass has no use for.
	ErrArchitecture = errors.New("architecture not supported")

	// ErrType is wrapped by the errors of a tensor that the pass needs and
	// whose type it cannot decode.
	ErrType = errors.New("tensor type not supported")
)
