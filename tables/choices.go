package tables

// What meters and filters do where no public source tells, for docs/fidelity.md.
const (
	// UpdateEquation of LPF and WRED: filter.go.
	UpdateEquation = "LPF and WRED: first-order low-pass, exact in time (SAMPLE, WRED: y += (x-y)(1-e^(-Δt/τ)); RATE: y = y e^(-Δt/τdecay) + x 2^g/τgain); at rest before the first value"
	// BucketLevels of meters: meter.go.
	BucketLevels = "meter levels: whole bytes, credited at multiples of 2^exponent clocks, not below zero for a packet that conforms; time is not cut to 28 bits"
	// UnwrittenFilter is a cell that no control plane wrote.
	UnwrittenFilter = "an unwritten LPF gives back what it is given; an unwritten WRED drops nothing"
	// AdjustSign of MeterByteCountAdjust.
	AdjustSign = "MeterByteCountAdjust is added to the length that a meter charges, after the program's adjust_byte_count was subtracted"
	// PartialSpec of a meter or filter.
	PartialSpec = "modifying some fields of a meter's or filter's spec keeps the others and resets the cell's levels; a rate or burst above the chip's largest means the largest"
	// MeterTrueEgress of Tofino 2.
	MeterTrueEgress = "a meter with true egress accounting colours by the length so far and pays for the length that leaves"
)
