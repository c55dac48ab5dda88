package shard

import (
	"encoding/binary"
	"math/bits"
)

// decimal is an integer's text, at most a sign and twenty digits, in three
// words whose lowest bytes come first; what follows the text is zero.
//
// Formatting an integer and reading the text back to hash it used to be most
// of the cost of a lookup. So the digits are made eight at a time, and hashed
// from registers, without going through memory.
type decimal struct {
	w0, w1, w2 uint64
	len        int
}

const (
	e8    = 100_000_000
	ascii = 0x3030303030303030 // turns eight digits into eight characters
)

func formatDecimal(num uint64, negative bool) (d decimal) {
	switch {
	case num < e8:
		a := digits8(num)
		zeros := leading(a | 1<<56) // the last digit stays, also of 0
		d = decimal{w0: (a | ascii) >> zeros, len: 8 - zeros/8}
	case num < e8*e8:
		a, b := digits8(num/e8), digits8(num%e8)
		zeros := leading(a)
		a, b = a|ascii, b|ascii
		d = decimal{w0: a>>zeros | b<<(64-zeros), w1: b >> zeros, len: 16 - zeros/8}
	default:
		a, b, c := digits8(num/(e8*e8)), digits8(num/e8%e8), digits8(num%e8)
		zeros := leading(a)
		a, b, c = a|ascii, b|ascii, c|ascii
		d = decimal{a>>zeros | b<<(64-zeros), b>>zeros | c<<(64-zeros), c >> zeros, 24 - zeros/8}
	}
	if negative {
		d = decimal{d.w0<<8 | '-', d.w1<<8 | d.w0>>56, d.w2<<8 | d.w1>>56, d.len + 1}
	}
	return d
}

// leading is the number of bits that the leading zeros of eight digits take.
func leading(digits uint64) int { return bits.TrailingZeros64(digits) &^ 7 }

// digits8 gives the eight decimal digits of n < 1e8, one a byte, the first in
// the lowest byte. Each step divides all the parts of the word at once, by
// multiplying with the reciprocal: into parts of four digits, two, one.
func digits8(n uint64) uint64 {
	quads := n/10_000 | n%10_000<<32
	tens := quads * 10_486 >> 20 & 0x0000_007f_0000_007f // each quad / 100
	pairs := tens | (quads-tens*100)<<16
	ones := pairs * 103 >> 10 & 0x000f_000f_000f_000f // each pair / 10
	return ones | (pairs-ones*10)<<8
}

func (d decimal) append(b []byte) []byte {
	var buf [24]byte
	binary.LittleEndian.PutUint64(buf[0:], d.w0)
	binary.LittleEndian.PutUint64(buf[8:], d.w1)
	binary.LittleEndian.PutUint64(buf[16:], d.w2)
	return append(b, buf[:d.len]...)
}

// xxHash64's five primes (xxhash_spec.md, XXH64).
const (
	prime1 = 11400714785074694791
	prime2 = 14029467366897019727
	prime3 = 1609587929392839161
	prime4 = 9650029242287828579
	prime5 = 2870177450012600261
)

// sum64 is xxHash64 with seed 0 of the text: what the specification does with
// an input shorter than 32 bytes.
func (d decimal) sum64() uint64 {
	h := prime5 + uint64(d.len)
	word, n := d.w0, d.len
	if n >= 8 {
		h = round8(h, word)
		word, n = d.w1, n-8
		if n >= 8 {
			h = round8(h, word)
			word, n = d.w2, n-8
		}
	}
	if n >= 4 {
		h ^= word & 0xffff_ffff * prime1
		h = bits.RotateLeft64(h, 23)*prime2 + prime3
		word, n = word>>32, n-4
	}
	for ; n > 0; n-- {
		h ^= word & 0xff * prime5
		h = bits.RotateLeft64(h, 11) * prime1
		word >>= 8
	}
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}

func round8(h, word uint64) uint64 {
	h ^= bits.RotateLeft64(word*prime2, 31) * prime1
	return bits.RotateLeft64(h, 27)*prime1 + prime4
}
