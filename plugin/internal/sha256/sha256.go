// Package sha256 is SHA-256 (FIPS 180-4) and nothing else. The standard
// library's brings the whole FIPS 140 module along, AES and random generators
// included: 0.15 MB of wasm and self-tests at the start of every VM. What is
// hashed here are API keys and the policy; nothing is signed or encrypted.
package sha256

import "math/bits"

// Size is the length of a hash, in bytes.
const Size = 32

const blockSize = 64

// initial are the first 32 bits of the fractional parts of the square roots of
// the first eight primes (FIPS 180-4, 5.3.3).
var initial = [8]uint32{
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
}

// Sum256 returns the hash of data. It allocates nothing.
func Sum256[T string | []byte](data T) [Size]byte {
	h := initial
	var block [blockSize]byte
	length := uint64(len(data)) * 8
	for len(data) >= blockSize {
		copy(block[:], data[:blockSize])
		compress(&h, &block)
		data = data[blockSize:]
	}
	block = [blockSize]byte{}
	n := copy(block[:], data)
	block[n] = 0x80
	if n >= blockSize-8 { // no room for the length
		compress(&h, &block)
		block = [blockSize]byte{}
	}
	for i := range 8 {
		block[blockSize-1-i] = byte(length >> (8 * i))
	}
	compress(&h, &block)
	return bytesOf(&h)
}

func bytesOf(h *[8]uint32) (sum [Size]byte) {
	for i, v := range h {
		sum[4*i], sum[4*i+1], sum[4*i+2], sum[4*i+3] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
	}
	return sum
}

// compress mixes one block into h (FIPS 180-4, 6.2.2).
func compress(h *[8]uint32, block *[blockSize]byte) {
	var w [64]uint32
	for i := range 16 {
		w[i] = uint32(block[4*i])<<24 | uint32(block[4*i+1])<<16 | uint32(block[4*i+2])<<8 | uint32(block[4*i+3])
	}
	for i := 16; i < 64; i++ {
		a, b := w[i-2], w[i-15]
		s1 := bits.RotateLeft32(a, -17) ^ bits.RotateLeft32(a, -19) ^ a>>10
		s0 := bits.RotateLeft32(b, -7) ^ bits.RotateLeft32(b, -18) ^ b>>3
		w[i] = s1 + w[i-7] + s0 + w[i-16]
	}
	a, b, c, d, e, f, g, k := h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
	for i := range 64 {
		s1 := bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25)
		t1 := k + s1 + (e&f ^ ^e&g) + roundConstants[i] + w[i]
		s0 := bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)
		t2 := s0 + (a&b ^ a&c ^ b&c)
		a, b, c, d, e, f, g, k = t1+t2, a, b, c, d+t1, e, f, g
	}
	for i, v := range [8]uint32{a, b, c, d, e, f, g, k} {
		h[i] += v
	}
}

// roundConstants are the first 32 bits of the fractional parts of the cube
// roots of the first 64 primes (FIPS 180-4, 4.2.2).
var roundConstants = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}
