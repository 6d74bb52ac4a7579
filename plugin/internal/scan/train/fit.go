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
	// ids holds the features that a head reads of each token, by their number
	// in the lexicon.
	ids    [model.Heads][]uint32
	target [model.Heads]int8
	weight float32
}

// Options of the fit. They were chosen by leaving sources out.
type options struct {
	epochs int
	rate   float64 // first step of Adagrad
	l2     float64
	floor  float64 // least running sum, in logits, negated
	seed   uint64
	more   int     // epochs after pruning
	common float64 // exponent of a feature's count in its worth
}

var defaults = options{epochs: 4, rate: 0.3, l2: 0.01, floor: 1.5, seed: 1, more: 2, common: 0.4}

// A head is one logistic regression in training.
type head struct {
	number                model.Head
	w, g2                 []float32
	live                  []bool // features with a slot; nil before pruning
	bias, bias2           float64
	floor                 float64
	decay, stride, orders int
	fade                  float64
}

func newHead(h model.Head, n int, o options) *head {
	t := &head{number: h, w: make([]float32, n), g2: make([]float32, n), bias: -3, bias2: 1, floor: -o.floor}
	t.decay, t.stride, t.orders = model.Pooling(h)
	t.fade = 1 - 1/float64(int(1)<<t.decay)
	return t
}

// peak returns the highest looked-at sum and the token it stands at, just as
// model.Model.Rate finds it.
func (t *head) peak(s *sample) (sum float64, at int) {
	ids := s.ids[t.number]
	n := len(ids) / t.orders
	acc, best := 0.0, math.Inf(-1)
	for i := range n {
		x := float32(0)
		for _, b := range ids[i*t.orders : (i+1)*t.orders] {
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
		for _, b := range s.ids[t.number][at*t.orders : (at+1)*t.orders] {
			if b == rare || t.live != nil && !t.live[b] {
				continue
			}
			d := float32(g*k) + float32(float32(o.l2)*t.w[b])
			t.g2[b] += float32(d * d)
			t.w[b] -= float32(float32(o.rate) * d / float32(math.Sqrt(float64(t.g2[b])+1)))
		}
		k *= t.fade
	}
}

// fit trains both heads, one sample after another in a shuffled order that
// the seed decides, picks the features that get a slot, and trains on with
// these alone. Products are rounded before they are added (the conversions
// above), so that every machine gets the same bytes.
func fit(samples []*sample, l *lexicon, o options) [model.Heads]*head {
	var both [model.Heads]*head
	rng := rand.New(rand.NewPCG(o.seed, 0))
	for h := range both {
		t := newHead(model.Head(h), l.len(), o)
		t.epochs(samples, h, o.epochs, o, rng)
		t.prune(model.Head(h), l, o)
		t.epochs(samples, h, o.more, o, rng)
		both[h] = t
	}
	return both
}

func (t *head) epochs(samples []*sample, h, n int, o options, rng *rand.Rand) {
	for range n {
		for _, i := range rng.Perm(len(samples)) {
			s := samples[i]
			if s.target[h] != absent && len(s.ids[h]) > 0 {
				t.step(s, float64(s.target[h]), o)
			}
		}
	}
}

// prune keeps the features that win their slot and takes the weight of the
// others for good. A feature's worth is its weight, more when it is common: a
// large weight on a rare feature moves few texts.
func (t *head) prune(h model.Head, l *lexicon, o options) {
	best := map[uint32]int{}
	worth := func(i int) float64 {
		return math.Abs(float64(t.w[i])) * math.Pow(float64(l.count[i]), o.common)
	}
	for i := 1; i < l.len(); i++ {
		if t.w[i] == 0 {
			continue
		}
		slot := model.Key(h, l.key[i]<<dropped) >> 8
		if old, taken := best[slot]; !taken || worth(i) > worth(old) {
			best[slot] = i
		}
	}
	t.live = make([]bool, l.len())
	for _, i := range best {
		t.live[i] = true
	}
	for i, live := range t.live {
		if !live {
			t.w[i] = 0
		}
	}
}
