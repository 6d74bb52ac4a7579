package inflate

// Base values and extra bits of lengths and distances (RFC 1951, 3.2.5).
var (
	lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
		131, 163, 195, 227, 258}
	lengthExtra  = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025,
		1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12,
		12, 13, 13}
	// codeOrder is the order in which the lengths of the code for lengths stand.
	codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// decoder reads a deflate stream bit by bit.
type decoder struct {
	in    []byte
	at    int
	acc   uint64 // bits that are read but not used, low first
	have  uint   // how many
	out   []byte
	limit int
	err   error

	lengths   [symbols + 32]uint8
	literals  huffman
	distances huffman
}

// decode appends what in inflates to and returns how many bytes of in that took.
func decode(dst, in []byte, limit int) (out []byte, n int, err error) {
	d := &decoder{in: in, out: dst, limit: limit}
	for last := false; !last && d.err == nil; {
		last = d.bits(1) == 1
		switch d.bits(2) {
		case 0:
			d.stored()
		case 1:
			d.fixed()
		case 2:
			d.dynamic()
		default:
			d.fail(ErrCorrupt)
		}
	}
	return d.out, d.at - int(d.have/8), d.err
}

//go:noinline
func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// fill makes at least 32 bits ready, or all that are left.
func (d *decoder) fill() {
	for d.have <= 56 && d.at < len(d.in) {
		d.acc |= uint64(d.in[d.at]) << d.have
		d.at++
		d.have += 8
	}
}

// bits takes n bits, at most 16; past the end it fails and returns 0.
func (d *decoder) bits(n uint) uint {
	if d.have < n {
		if d.fill(); d.have < n {
			d.fail(ErrCorrupt)
			return 0
		}
	}
	v := d.acc & (1<<n - 1)
	d.acc >>= n
	d.have -= n
	return uint(v)
}

// stored copies a block that is not compressed.
func (d *decoder) stored() {
	d.acc >>= d.have & 7
	d.have &^= 7
	size, check := d.bits(16), d.bits(16)
	if d.err != nil || size != check^0xffff {
		d.fail(ErrCorrupt)
		return
	}
	d.at -= int(d.have / 8)
	d.acc, d.have = 0, 0
	switch {
	case len(d.in)-d.at < int(size):
		d.fail(ErrCorrupt)
	case d.limit-len(d.out) < int(size):
		d.fail(ErrTooLarge)
	default:
		d.out = append(d.out, d.in[d.at:d.at+int(size)]...)
		d.at += int(size)
	}
}

// fixed reads a block in the code that the format gives.
func (d *decoder) fixed() {
	for i := range symbols {
		n := uint8(8)
		if i >= 144 && i < 256 {
			n = 9
		} else if i >= 256 && i < 280 {
			n = 7
		}
		d.lengths[i] = n
	}
	d.literals.build(d.lengths[:symbols])
	for i := range 32 {
		d.lengths[i] = 5
	}
	d.distances.build(d.lengths[:32])
	d.block()
}

// dynamic reads a block that brings its own codes.
func (d *decoder) dynamic() {
	literals, distances, codes := int(d.bits(5))+257, int(d.bits(5))+1, int(d.bits(4))+4
	var order [19]uint8
	for i := range codes {
		order[codeOrder[i]] = uint8(d.bits(3))
	}
	if literals > 286 || distances > 30 || d.err != nil || !d.literals.build(order[:]) {
		d.fail(ErrCorrupt)
		return
	}
	if !d.readLengths(literals + distances) {
		d.fail(ErrCorrupt)
		return
	}
	if d.lengths[256] == 0 || !d.literals.build(d.lengths[:literals]) ||
		!d.distances.build(d.lengths[literals:literals+distances]) {
		d.fail(ErrCorrupt)
		return
	}
	d.block()
}

// readLengths reads n lengths of codes, written in the code d.literals.
func (d *decoder) readLengths(n int) bool {
	for i := 0; i < n; {
		s := d.symbol(&d.literals)
		value, repeat := uint8(s), 1
		switch s {
		case 16:
			if i == 0 {
				return false
			}
			value, repeat = d.lengths[i-1], int(d.bits(2))+3
		case 17:
			value, repeat = 0, int(d.bits(3))+3
		case 18:
			value, repeat = 0, int(d.bits(7))+11
		}
		if d.err != nil || repeat > n-i {
			return false
		}
		for range repeat {
			d.lengths[i] = value
			i++
		}
	}
	return true
}

// symbol reads one code of h; a code that is not in use fails.
func (d *decoder) symbol(h *huffman) int {
	if d.have < maxBits {
		d.fill()
	}
	if e := h.fast[d.acc&(1<<fastBits-1)]; e != 0 && uint(e&15) <= d.have {
		d.acc >>= e & 15
		d.have -= uint(e & 15)
		return int(e >> 4)
	}
	code, first, index := 0, 0, 0
	for n := uint(1); n <= maxBits && n <= d.have; n++ {
		code |= int(d.acc >> (n - 1) & 1)
		count := int(h.count[n])
		if code-first < count {
			d.acc >>= n
			d.have -= n
			return int(h.symbol[index+code-first])
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	d.fail(ErrCorrupt)
	return 0
}

// block reads literals and matches up to the end of the block.
func (d *decoder) block() {
	for d.err == nil {
		s := d.symbol(&d.literals)
		switch {
		case d.err != nil || s == 256:
			return
		case s < 256:
			if len(d.out) >= d.limit {
				d.fail(ErrTooLarge)
				return
			}
			d.out = append(d.out, byte(s))
		case s-257 >= len(lengthBase):
			d.fail(ErrCorrupt)
		default:
			d.match(s - 257)
		}
	}
}

// match repeats what was written before. It may run into its own output.
func (d *decoder) match(l int) {
	size := int(lengthBase[l]) + int(d.bits(uint(lengthExtra[l])))
	s := d.symbol(&d.distances)
	if d.err != nil || s >= len(distanceBase) {
		d.fail(ErrCorrupt)
		return
	}
	back := int(distanceBase[s]) + int(d.bits(uint(distanceExtra[s])))
	switch {
	case d.err != nil || back > len(d.out):
		d.fail(ErrCorrupt)
	case size > d.limit-len(d.out):
		d.fail(ErrTooLarge)
	default:
		for size > 0 {
			from := len(d.out) - back
			n := min(size, back)
			d.out = append(d.out, d.out[from:from+n]...)
			size -= n
		}
	}
}
