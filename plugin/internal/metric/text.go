package metric

import "strconv"

// quantiles are the ones the metrics page gives.
var quantiles = [...]float64{0.5, 0.95, 0.99}

// AppendText appends the whole table in Prometheus text format 0.0.4. After a
// Buckets metric come its quantiles as a gauge of their own, with the name's
// unit kept last, because one family cannot be histogram and summary at once.
func (s *Set) AppendText(b []byte) []byte {
	for i := range Table {
		id := ID(i)
		if Table[i].Kind == Buckets {
			b = s.appendBuckets(b, id)
			continue
		}
		b = appendHead(b, Table[i].Name, kindName(Table[i].Kind), Table[i].Help)
		for v, value := range s.values[i] {
			b = append(b, Table[i].Name...)
			b = appendLabel(b, Table[i].Label, value)
			b = strconv.AppendInt(append(b, ' '), int64(s.host.Value(s.ids[i][v])), 10)
			b = append(b, '\n')
		}
	}
	return b
}

func (s *Set) appendBuckets(b []byte, id ID) []byte {
	name := Table[id].Name
	b = appendHead(b, name, "histogram", Table[id].Help)
	counts, total := s.buckets(id)
	seconds := float64(s.host.Value(s.ids[id][len(counts)])) / 1e6
	var running uint64
	for i, value := range s.values[id] {
		running += counts[i]
		b = append(append(b, name...), "_bucket"...)
		b = appendLabel(b, "le", value)
		b = strconv.AppendUint(append(b, ' '), running, 10)
		b = append(b, '\n')
	}
	b = append(append(b, name...), "_count "...)
	b = strconv.AppendUint(b, total, 10)
	b = append(append(append(b, '\n'), name...), "_sum "...)
	b = strconv.AppendFloat(b, seconds, 'g', -1, 64)
	b = append(b, '\n')
	return appendQuantiles(b, name, counts, total)
}

func appendQuantiles(b []byte, name string, counts []uint64, total uint64) []byte {
	const unit = "_seconds"
	base := name[:len(name)-len(unit)] + "_quantile" + unit
	b = appendHead(b, base, "gauge", "Quantiles of "+name+" since the proxy started, interpolated within a bucket.")
	for _, q := range quantiles {
		b = append(b, base...)
		b = appendLabel(b, "quantile", strconv.FormatFloat(q, 'g', -1, 64))
		b = strconv.AppendFloat(append(b, ' '), Quantile(q, counts, total), 'g', 6, 64)
		b = append(b, '\n')
	}
	return b
}

func (s *Set) buckets(id ID) (counts []uint64, total uint64) {
	counts = make([]uint64, len(s.values[id]))
	for i := range counts {
		counts[i] = s.host.Value(s.ids[id][i])
		total += counts[i]
	}
	return counts, total
}

// Quantile returns the q-quantile in seconds of a histogram with Bounds,
// interpolated linearly within its bucket as Prometheus' histogram_quantile
// does. Without observations it is 0; above the last bound it is that bound.
func Quantile(q float64, counts []uint64, total uint64) float64 {
	if total == 0 {
		return 0
	}
	rank, before := q*float64(total), 0.0
	for i, bound := range Bounds {
		n := float64(counts[i])
		if n > 0 && before+n >= rank {
			low := lower(i)
			return low + (bound-low)*(rank-before)/n
		}
		before += n
	}
	return Bounds[len(Bounds)-1]
}

func lower(i int) float64 {
	if i == 0 {
		return 0
	}
	return Bounds[i-1]
}

func appendHead(b []byte, name, kind, help string) []byte {
	b = append(append(append(append(b, "# HELP "...), name...), ' '), help...)
	b = append(append(append(append(b, "\n# TYPE "...), name...), ' '), kind...)
	return append(b, '\n')
}

func appendLabel(b []byte, label, value string) []byte {
	if label == "" {
		return b
	}
	b = append(append(append(b, '{'), label...), `="`...)
	for i := range len(value) {
		switch c := value[i]; c {
		case '\\', '"':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, c)
		}
	}
	return append(b, `"}`...)
}

func kindName(k Kind) string {
	if k == Gauge {
		return "gauge"
	}
	return "counter"
}
