package tables

import (
	"errors"
	"fmt"
	"math"

	"gofino/pipeline/ir"
)

// meterSpec is what a control plane writes, in the order of the data fields:
// committed and peak rate (kbit/s or packets/s), committed and peak burst
// (kbit or packets).
type meterSpec [4]uint64

const (
	specCIR = iota
	specPIR
	specCBS
	specPBS
)

// unlimited in a field means as much as the chip can: the schema's default.
const unlimited = math.MaxUint64

// defaultMeterSpec is the spec of a cell that nobody wrote: always green.
var defaultMeterSpec = meterSpec{unlimited, unlimited, unlimited, unlimited}

// Limits of the encoding (chip.md section 7).
const (
	rateMantissaMax  = 511
	burstMantissaMax = 255
	burstExponentMax = 31
	// maxExponent of a rate, together with what the burst's exponent has above
	// levelExponent.
	maxExponent   = 27
	levelExponent = 14
	// maxRatePerClock is the driver's largest rate.
	maxRatePerClock = 510
)

// maxBuckets are always green.
var maxBuckets = [2]bucket{maxBucket, maxBucket}

var maxBucket = bucket{mantissa: rateMantissaMax, burst: burstMantissaMax, burstExponent: burstExponentMax}

// maxRate and maxBurst are the largest values of a spec: larger ones mean them.
func maxRate(kind ir.CounterKind, hz uint64) uint64 {
	if kind == ir.Bytes {
		return maxRatePerClock * hz / 1000 * 8
	}
	return maxRatePerClock * hz
}

func maxBurst(kind ir.CounterKind) uint64 {
	const units = burstMantissaMax << burstExponentMax
	if kind == ir.Bytes {
		return units * 8 / 1000
	}
	return units
}

// rateNames and burstNames are how errors call the buckets.
var (
	rateNames  = [2]string{"committed rate", "peak rate"}
	burstNames = [2]string{"committed burst", "peak burst"}
)

// encodeMeter is how the chip's driver encodes a spec.
func encodeMeter(s meterSpec, kind ir.CounterKind, hz uint64) ([2]bucket, error) {
	var out [2]bucket
	most, burst := maxRate(kind, hz), maxBurst(kind)
	for i := range out {
		b := &out[i]
		rate := min(s[specCIR+i], most)
		switch {
		case rate == 0:
			*b = bucket{exponent: noRate}
		case rate == most && s[specCBS] >= burst:
			// The driver looks at the committed burst for both.
			*b = maxBucket
		default:
			if err := b.setBurst(min(s[specCBS+i], burst), kind); err != nil {
				return out, fmt.Errorf("%s %d %w", burstNames[i], s[specCBS+i], err)
			}
			if err := b.setRate(rate, kind, hz); err != nil {
				return out, fmt.Errorf("%s %d %w", rateNames[i], s[specCIR+i], err)
			}
		}
	}
	return out, nil
}

// setBurst encodes a burst: its top eight bits, cut off.
func (b *bucket) setBurst(burst uint64, kind ir.CounterKind) error {
	units := burst
	if kind == ir.Bytes {
		units = burst * 1000 / 8
	}
	left := units
	for left > burstMantissaMax {
		left >>= 1
		b.burstExponent++
	}
	b.burst = uint8(left)
	if left == 0 {
		return errors.New("is too small")
	}
	if ratio := float32(units) / float32(b.size()); ratio > 1.2 || ratio < 0.8 {
		return errors.New("cannot be encoded within a fifth of its value")
	}
	return nil
}

// setRate encodes a rate with the largest exponent that its mantissa, the
// timestamp and the burst allow. The driver computes in float32.
func (b *bucket) setRate(rate uint64, kind ir.CounterKind, hz uint64) error {
	over := max(int(b.burstExponent)-levelExponent, 0)
	r := float32(rate)
	if kind == ir.Bytes {
		r = float32(rate*1000) / 8
	}
	r /= float32(hz)
	for 2*r <= rateMantissaMax && int(b.exponent)+1+over <= maxExponent && 2*r <= float32(b.size()) {
		r *= 2
		b.exponent++
	}
	b.mantissa = uint16(r) & rateMantissaMax
	if int64(b.mantissa) > b.size() {
		return fmt.Errorf("needs a larger burst: at least %d, not %d %s", b.mantissa, b.size(), unitNames[kind])
	}
	return nil
}

var unitNames = map[ir.CounterKind]string{ir.Bytes: "bytes", ir.Packets: "packets"}

// decodeMeter is what the driver reads back. Its arithmetic is float32: an
// unlimited meter reads 5195848221 kbit/s on Tofino (ptf.md section 4).
func decodeMeter(b [2]bucket, kind ir.CounterKind, hz uint64) meterSpec {
	var s meterSpec
	for i := range b {
		perClock := float32(0)
		if b[i].exponent != noRate {
			perClock = float32(math.Ldexp(float64(b[i].mantissa), -int(b[i].exponent)))
		}
		rate := uint64(float32(perClock * float32(hz)))
		burst := uint64(b[i].size())
		if kind == ir.Bytes {
			rate, burst = kilobits(rate), kilobits(burst)
		}
		s[specCIR+i], s[specCBS+i] = rate, burst
	}
	return s
}

// kilobits of so many bytes, rounded up.
func kilobits(bytes uint64) uint64 { return (bytes*8 + 999) / 1000 }
