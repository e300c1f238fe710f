package activation_test

import (
	"context"
	"fmt"
	"log"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
	"assay/props/activation"
)

func ExampleCollect() {
	f, err := gguf.Parse(teacher.GGUF())
	if err != nil {
		log.Fatal(err)
	}
	tokens := activation.Tokens(f, teacher.Sample(), 8)
	sites, err := activation.Collect(context.Background(), f, tokens)
	if err != nil {
		log.Fatal(err)
	}
	s := sites[len(sites)-1]
	fmt.Printf("%d sites\n", len(sites))
	fmt.Printf("%s: %d × %d weights, %d activations of %d\n",
		s.Tensor.Name, s.Tensor.Rows(), s.Tensor.Dims[0], s.Tokens, len(s.X)/s.Tokens)
	// Output:
	// 57 sites
	// output.weight: 256 × 256 weights, 8 activations of 256
}
