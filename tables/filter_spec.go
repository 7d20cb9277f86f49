package tables

import (
	"errors"
	"fmt"
	"math"

	"gofino/pipeline/ir"
)

// filterSpec is what a control plane writes, in the order of the data fields;
// whole numbers of 32 bits and float32 values fit exactly.
type filterSpec [4]float64

// Fields of an LPF: type (0 SAMPLE, 1 RATE), time constants (ns), bits that the
// result loses.
const (
	lpfType = iota
	lpfGain
	lpfDecay
	lpfScale
)

// Fields of a WRED: time constant (ns), thresholds, probability at the second.
const (
	wredTime = iota
	wredMin
	wredMax
	wredProbability
)

const (
	timeMantissas   = 512
	timeExponentMax = 31
	lpfScaleMax     = 31
	levelMantissa   = 255
	probabilityMax  = 7
)

// encodeFilter is how the chip's driver encodes a spec. What is wrong with a
// spec is ErrInvalid, what the chip cannot do ErrNotSupported.
func encodeFilter(s filterSpec, kind ir.FilterKind, hz uint64) (filterWord, error) {
	var w filterWord
	if kind == ir.WRED {
		if err := w.setTime(s[wredTime], s[wredTime], hz); err != nil {
			return w, err
		}
		return w, w.setLevels(uint32(s[wredMin]), uint32(s[wredMax]), float32(s[wredProbability]))
	}
	if s[lpfScale] > lpfScaleMax {
		return w, refuse(ErrInvalid, "output scale down factor is %.0f, want 0 to %d", s[lpfScale], lpfScaleMax)
	}
	w.rate, w.scale = s[lpfType] != 0, uint8(s[lpfScale])
	return w, w.setTime(s[lpfGain], s[lpfDecay], hz)
}

// specError is a spec that cannot be: the cause and the text.
type specError struct {
	cause error
	text  string
}

func (e *specError) Error() string { return e.text }
func (e *specError) Unwrap() error { return e.cause }

func refuse(cause error, format string, args ...any) error {
	return &specError{cause, fmt.Sprintf(format, args...)}
}

// causeOf is the cause of a spec's error.
func causeOf(err error) error {
	var e *specError
	if errors.As(err, &e) {
		return e.cause
	}
	return ErrNotSupported
}

// setTime encodes two time constants, which share a mantissa.
func (w *filterWord) setTime(gain, decay float64, hz uint64) error {
	var mantissa uint16
	var err error
	if w.gain, w.mantissa, err = timeConstant(gain, hz); err != nil {
		return err
	}
	if w.decay, mantissa, err = timeConstant(decay, hz); err != nil {
		return err
	}
	if mantissa != w.mantissa {
		return refuse(ErrInvalid, "time constants %g ns and %g ns cannot be encoded together: want them equal, or one a power of two times the other", gain, decay)
	}
	return nil
}

// timeConstant encodes nanoseconds as (1+mantissa/512) * 2^exponent clocks; less
// than a clock is one clock.
func timeConstant(ns float64, hz uint64) (exponent uint8, mantissa uint16, err error) {
	if !(ns >= 0) { // NaN too
		return 0, 0, refuse(ErrInvalid, "time constant is %g ns, want 0 or more", ns)
	}
	// The driver multiplies in float32.
	n := max(float64(float32(float32(ns)*float32(hz)))/1e9, 1)
	for n >= 2 {
		n /= 2
		if exponent++; exponent > timeExponentMax {
			most := clockTime(timeExponentMax, timeMantissas-1, hz)
			return 0, 0, refuse(ErrInvalid, "time constant is %g ns, want at most %g ns", ns, most)
		}
	}
	return exponent, uint16((n - 1) * timeMantissas), nil
}

// clockTime is a time constant in ns, as the driver reads it.
func clockTime(exponent uint8, mantissa uint16, hz uint64) float32 {
	n := math.Ldexp(float64(mantissa)/timeMantissas+1, int(exponent))
	return float32(n * 1e9 / float64(hz))
}

// setLevels encodes a WRED's thresholds and slope, step by step as the driver
// does, in its float32.
func (w *filterWord) setLevels(low, high uint32, probability float32) error {
	if !(probability >= 0 && probability <= 1) {
		return refuse(ErrInvalid, "maximum probability is %g, want more than 0, at most 1", probability)
	}
	percent := uint32(math.Ceil(float64(float32(probability * 100))))
	switch {
	case percent == 0:
		return refuse(ErrNotSupported, "a maximum probability of 0 cannot be encoded: want more than 0, at most 1")
	case low > high:
		return refuse(ErrInvalid, "the minimum threshold %d is above the maximum %d", low, high)
	case low == high && percent != 100:
		return refuse(ErrNotSupported, "with equal thresholds the maximum probability must be 1, not %g", probability)
	}
	steep, at := float32(dropScale), high
	if percent < 100 {
		steep = float32(float64(percent) / 100 * 255)
		at = level100(low, high, steep)
	}
	d := at - low
	w.level = levelExponentOf(d, low, high)
	if s := probabilityScale(steep, percent); s > 0 && low != high {
		scaled := level100(low, high, steep*float32(uint32(1)<<s)) - low
		if e := levelExponentOf(scaled, low, high); e <= w.level {
			d, w.level, w.probability = scaled, e, s
		}
	}
	w.level0, w.dlevel100, w.levelMax = uint8(low>>w.level), uint8(d>>w.level), uint8(high>>w.level)
	return nil
}

// level100 is where the line through (low, 0) and (high, steep) reaches 255.
func level100(low, high uint32, steep float32) uint32 {
	slope := steep / float32(high-low)
	return uint32(float32(255+float32(slope*float32(low))) / slope)
}

// levelExponentOf is the smallest exponent at which each of the levels fits in
// eight bits.
func levelExponentOf(levels ...uint32) uint8 {
	most, e := uint32(0), uint8(0)
	for _, l := range levels {
		most = max(most, l)
	}
	for ; most > levelMantissa; e++ {
		most /= 2
	}
	return e
}

// probabilityScale is how many times the line may be made twice as steep, and
// its probability halved, for finer steps.
func probabilityScale(steep float32, percent uint32) uint8 {
	iter, scaled, s := float64(steep), uint32(100), uint8(0)
	for iter <= 255 && scaled >= percent {
		iter *= 2
		if s == probabilityMax {
			break
		}
		s++
		scaled = uint32(100 / float64(uint32(1)<<s))
	}
	if iter > 255 || scaled <= percent {
		return s - 1
	}
	return s
}

// decodeFilter is what the driver reads back.
func decodeFilter(w filterWord, kind ir.FilterKind, hz uint64) filterSpec {
	gain := float64(clockTime(w.gain, w.mantissa, hz))
	if kind == ir.LPF {
		s := filterSpec{lpfGain: gain, lpfDecay: float64(clockTime(w.decay, w.mantissa, hz)), lpfScale: float64(w.scale)}
		if w.rate {
			s[lpfType] = 1
		}
		return s
	}
	low, high, d := uint32(w.level0)<<w.level, uint32(w.levelMax)<<w.level, uint32(w.dlevel100)<<w.level
	s := filterSpec{wredTime: gain, wredMin: float64(low), wredMax: float64(high)}
	switch {
	case w.levelMax == 0: // never written
	case d == 0:
		s[wredProbability] = 1
	default:
		slope := float32(255.0 / float64(d))
		rng := float32(slope*float32(high-low)) / float32(uint32(1)<<w.probability)
		percent := uint32(float64(rng) * 100 / 255)
		s[wredProbability] = min(float64(float32(float64(percent)/100)), 1)
	}
	return s
}
