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
func quantise(both [model.Heads]*head, limit [model.Heads][model.Levels]int32) []byte {
	s := model.Settings{Limit: limit}
	table := new([model.Heads][model.Buckets]int8)
	for h, t := range both {
		one := sizeAt(t.w, clip) / 127
		for i, w := range t.w {
			table[h][i] = int8(max(-127, min(127, math.Round(float64(w)/one))))
		}
		s.Scale[h] = int32(math.Round(one * 65536))
		s.Bias[h] = int32(math.Round(t.bias * 256))
		s.Floor[h] = int32(math.Round(t.floor / one * 256))
	}
	return model.Encode(s, table)
}

// sizeAt returns the q quantile of the absolute values, at least a little
// above 0.
func sizeAt(w []float32, q float64) float64 {
	sizes := make([]float64, len(w))
	for i, x := range w {
		sizes[i] = math.Abs(float64(x))
	}
	return max(quantile(sizes, q), 1e-4)
}
