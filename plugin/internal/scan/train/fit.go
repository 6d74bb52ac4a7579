package train

import (
	"math"
	"math/rand/v2"

	"github.com/sparkward/sparkward/plugin/internal/scan/model"
)

// Targets of a sample for a head.
const (
	absent  = -1 // says nothing about this head
	honest  = 0
	hostile = 1
)

// A sample is a text as the fit sees it.
type sample struct {
	// buckets holds model.Orders features for each token.
	buckets []uint16
	target  [model.Heads]int8
	weight  float32
}

func (s *sample) tokens() int { return len(s.buckets) / model.Orders }

func newSample(text string) sample {
	var s sample
	model.Walk(folded(text), func(_, _ int, b *[model.Orders]uint32) {
		for _, x := range b {
			s.buckets = append(s.buckets, uint16(x))
		}
	})
	return s
}

// Options of the fit. They were chosen by leaving sources out.
type options struct {
	epochs int
	rate   float64 // first step of Adagrad
	l2     float64
	floor  float64 // least running sum, in logits, negated
	seed   uint64
}

var defaults = options{epochs: 8, rate: 0.3, l2: 0.01, floor: 1.5, seed: 1}

// A head is one logistic regression in training.
type head struct {
	w, g2                 []float32
	bias, bias2           float64
	floor                 float64
	decay, stride, orders int
	fade                  float64
}

func newHead(h model.Head, o options) *head {
	t := &head{w: make([]float32, model.Buckets), g2: make([]float32, model.Buckets), bias: -3, bias2: 1, floor: -o.floor}
	t.decay, t.stride, t.orders = model.Pooling(h)
	t.fade = 1 - 1/float64(int(1)<<t.decay)
	return t
}

// peak returns the highest looked-at sum and the token it stands at, just as
// model.Model.Rate finds it.
func (t *head) peak(s *sample) (sum float64, at int) {
	n := s.tokens()
	acc, best := 0.0, math.Inf(-1)
	for i := range n {
		x := float32(0)
		for _, b := range s.buckets[i*model.Orders : i*model.Orders+t.orders] {
			x += t.w[b]
		}
		acc = max(float64(acc*t.fade)+float64(x), t.floor)
		if (i+1)%t.stride == 0 || i == n-1 {
			if acc > best {
				best, at = acc, i
			}
		}
	}
	if n == 0 {
		return 0, 0
	}
	return best, at
}

// spent is where a faded word no longer matters to the gradient.
const spent = 0.02

// step moves the weights towards a sample's target.
func (t *head) step(s *sample, target float64, o options) {
	sum, at := t.peak(s)
	p := 1 / (1 + math.Exp(-sum-t.bias))
	g := (p - target) * float64(s.weight)
	if math.Abs(g) < 1e-3 {
		return
	}
	t.bias2 += float64(g * g)
	t.bias -= float64(o.rate * g / math.Sqrt(t.bias2))
	for k := 1.0; at >= 0 && k > spent; at-- {
		for _, b := range s.buckets[at*model.Orders : at*model.Orders+t.orders] {
			d := float32(g*k) + float32(float32(o.l2)*t.w[b])
			t.g2[b] += float32(d * d)
			t.w[b] -= float32(float32(o.rate) * d / float32(math.Sqrt(float64(t.g2[b])+1)))
		}
		k *= t.fade
	}
}

// fit trains both heads, one sample after another in a shuffled order that
// the seed decides. Products are rounded before they are added (the
// conversions above), so that every machine gets the same bytes.
func fit(samples []*sample, o options) [model.Heads]*head {
	var both [model.Heads]*head
	for h := range both {
		both[h] = newHead(model.Head(h), o)
	}
	rng := rand.New(rand.NewPCG(o.seed, 0))
	for range o.epochs {
		for _, i := range rng.Perm(len(samples)) {
			s := samples[i]
			for h, t := range both {
				if s.target[h] != absent && len(s.buckets) > 0 {
					t.step(s, float64(s.target[h]), o)
				}
			}
		}
	}
	return both
}
