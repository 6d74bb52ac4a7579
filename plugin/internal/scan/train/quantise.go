package train

import (
	"math"

	"github.com/sparkward/sparkward/plugin/internal/scan/model"
)

// clip is the quantile of the weights' sizes that becomes 127: the few larger
// ones are cut, so that the rest keep their resolution.
const clip = 0.9995

// quantise rounds the heads to a weights file with the limits given in
// 1/256 of a logit.
func quantise(l *lexicon, both [model.Heads]*head, limit [model.Heads][model.Levels]int32) []byte {
	s := model.Settings{Limit: limit}
	var weights [model.Heads]map[uint32]int8
	for h, t := range both {
		one := sizeAt(t.w, clip) / 127
		weights[h] = map[uint32]int8{}
		for i, w := range t.w {
			if q := int8(max(-127, min(127, math.Round(float64(w)/one)))); q != 0 {
				weights[h][model.Key(model.Head(h), l.key[i]<<dropped)] = q
			}
		}
		s.Scale[h] = int32(math.Round(one * 65536))
		s.Bias[h] = int32(math.Round(t.bias * 256))
		s.Floor[h] = int32(math.Round(t.floor / one * 256))
	}
	return model.Encode(s, weights)
}

// sizeAt returns the q quantile of the sizes of the values that are not 0, at
// least a little above 0.
func sizeAt(w []float32, q float64) float64 {
	var sizes []float64
	for _, x := range w {
		if x != 0 {
			sizes = append(sizes, math.Abs(float64(x)))
		}
	}
	return max(quantile(sizes, q), 1e-4)
}
