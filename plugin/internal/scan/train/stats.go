package train

import (
	"math"
	"slices"
)

// quantile returns the value below which a share q of xs lies. It sorts xs.
func quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	slices.Sort(xs)
	return xs[min(int(q*float64(len(xs))), len(xs)-1)]
}

// A rate is how often something happened.
type rate struct{ hits, of int }

func (r *rate) add(hit bool) {
	r.of++
	if hit {
		r.hits++
	}
}

func (r *rate) merge(o rate) { r.hits += o.hits; r.of += o.of }

func (r rate) value() float64 {
	if r.of == 0 {
		return 0
	}
	return float64(r.hits) / float64(r.of)
}

// interval returns the 95 % Wilson score interval of the rate (E. B. Wilson,
// Probable inference, 1927), which stays sensible for few cases and for rates
// near 0 and 1.
func (r rate) interval() (lo, hi float64) {
	if r.of == 0 {
		return 0, 1
	}
	const z = 1.959964
	n, p := float64(r.of), r.value()
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}
