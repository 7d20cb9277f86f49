package fit

import "gofino/pipeline/ir"

// Throughput is what bounds the packets of one gress of a pipe (timing.md
// section 4).
type Throughput struct {
	// Factor of one packet a cycle: less than 1 where a packet is so long in the
	// stages that the deparser's credits for headers run out.
	Factor  float64 `json:"factor"`
	MaxMpps float64 `json:"max_mpps"` // million packets a second
	// Parser is the part of a port's line rate (PortGbps) that its parser keeps
	// up with: of the smallest packets that can take each way through it, the
	// slowest. 1 at most; 0 where the parser is not known.
	Parser   float64 `json:"parser_line_rate,omitempty"`
	PortGbps int     `json:"port_gbps,omitempty"`
	// Slowest is the way that Parser is of: where it ends, and its cycles.
	Slowest *Depth `json:"slowest,omitempty"`
}

// The deparser hands out so many headers at once, and a credit takes this long to
// come back and to be used again (timing.md section 4). Of Tofino 2 only the
// latency is known from which on the rate falls: as many credits as that are
// taken to be.
const (
	credits1      = 288
	creditReturn1 = 28
	creditUse1    = 11
	scaleFrom2    = 600
)

// A frame on the line (timing.md section 4): preamble, the gap as the compiler
// counts it at 100 Gbit/s, check sequence; and the least frame without that.
const (
	framePreamble = 8
	frameGap      = 1
	frameFCS      = 4
	frameLeast    = 60
	portGbps      = 100 // of one parser; Tofino 2 has two for 400 Gbit/s
	portGbps2     = 200
)

// throughput of a gress whose packets are so many cycles in the stages.
func throughput(c *chip, dir ir.Dir, latency int, p *ParserTime) Throughput {
	t := Throughput{Factor: 1}
	switch {
	case c.turn != 0 && latency > credits1-creditReturn1-creditUse1:
		t.Factor = min(1, credits1/float64(latency+creditUse1))
	case c.turn == 0 && latency > scaleFrom2:
		t.Factor = scaleFrom2 / float64(latency)
	}
	t.MaxMpps = float64(c.clockMHz) * t.Factor
	if p == nil || len(p.Depths) == 0 {
		return t
	}
	t.Parser, t.PortGbps = 1, portGbps
	prefix := 16 // of ingress: intrinsic and port metadata
	if dir == ir.Egress {
		prefix = 27
	}
	if c.turn == 0 {
		t.PortGbps, prefix = portGbps2, map[ir.Dir]int{ir.Ingress: 32, ir.Egress: 28}[dir]
	}
	for i := range p.Depths {
		d := &p.Depths[i]
		if d.Max == 0 {
			continue
		}
		bytes := max(d.Bytes-prefix, frameLeast) + frameFCS + framePreamble + frameGap
		cycles := float64(8*bytes) / float64(t.PortGbps) * float64(c.clockMHz) / 1000
		if r := cycles / float64(d.Max); t.Slowest == nil || r < t.Parser {
			t.Parser, t.Slowest = min(r, 1), d
		}
	}
	return t
}

func (e *drawing) throughput(t *Throughput) {
	e.printf("  throughput: %.0f million packets a second in a pipe", t.MaxMpps)
	if t.Factor < 1 {
		e.printf(", %.0f %% of one a cycle: they are so long in the stages that the deparser's credits run out", 100*t.Factor)
	}
	e.printf("\n")
	if t.Parser > 0 && t.Parser < 1 {
		e.printf("  its parser keeps up with %.0f %% of %d Gbit/s where packets end at byte %d, after %d cycles\n",
			100*t.Parser, t.PortGbps, t.Slowest.Bytes, t.Slowest.Max)
	}
}
