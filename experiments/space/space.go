package space

import (
	"fmt"
	"strings"

	"shadowpool/policy"
)

type Dimension struct{ vals []string }

func Parse(text string, kind policy.Kind) (Dimension, error) {
	var a, b float64
	var n int
	if _, err := fmt.Sscanf(strings.Replace(text, "..", " ", 1), "%g %g/%d", &a, &b, &n); err != nil {
		return Dimension{}, err
	}
	var d Dimension
	for i := range n {
		d.vals = append(d.vals, fmt.Sprint(a+(b-a)*float64(i)/float64(n-1)))
	}
	return d, nil
}
func (d Dimension) Grid() []string { return d.vals }
