package av1

import (
	"errors"
	"fmt"
)

// DTI says what a frame is to a decode target.
type DTI uint8

const (
	NotPresent DTI = iota
	Discardable
	Switch
	Required
)

// MaxTemplates is how many template ids there are; they count modulo this.
const MaxTemplates = 64

// MaxDecodeTargets is what dt_cnt_minus_one can say.
const MaxDecodeTargets = 32

// How many spatial and temporal layers AV1 has.
const (
	maxSpatial  = 4
	maxTemporal = 8
)

// Template is one kind of frame.
type Template struct {
	Spatial, Temporal int
	DTIs              []DTI // one per decode target
	FrameDiffs        []int // how far back the frames are that it refers to
	ChainDiffs        []int // one per chain
}

// Resolution of a spatial layer.
type Resolution struct{ Width, Height int }

// Structure is a template dependency structure. Immutable once parsed.
type Structure struct {
	// Offset is the id of Templates[0]; ids count on modulo 64.
	Offset        int
	DecodeTargets int
	Templates     []Template
	// Chains is the number of chains; ProtectedBy[dt] is the chain that
	// protects a decode target. Empty without chains.
	Chains      int
	ProtectedBy []int
	// Resolutions by spatial layer, or empty.
	Resolutions []Resolution
}

// Template is the one with this id, nil when the structure has none.
func (s *Structure) Template(id int) *Template {
	if i := s.Index(id); i >= 0 {
		return &s.Templates[i]
	}
	return nil
}

// Index of the template with this id, -1 when the structure has none.
func (s *Structure) Index(id int) int {
	i := (id + MaxTemplates - s.Offset) % MaxTemplates
	if id < 0 || id >= MaxTemplates || i >= len(s.Templates) {
		return -1
	}
	return i
}

// ID of the template with this index.
func (s *Structure) ID(index int) int { return (s.Offset + index) % MaxTemplates }

// Needs is the set of decode targets that need frames of Templates[index]: bit
// dt is set when its DTI is anything but not present.
func (s *Structure) Needs(index int) uint32 {
	var set uint32
	for dt, dti := range s.Templates[index].DTIs {
		if dti != NotPresent {
			set |= 1 << dt
		}
	}
	return set
}

// Layers are the highest spatial and temporal layer that a decode target needs.
func (s *Structure) Layers(dt int) (spatial, temporal int) {
	for i, t := range s.Templates {
		if s.Needs(i)>>dt&1 == 1 {
			spatial = max(spatial, t.Spatial)
			temporal = max(temporal, t.Temporal)
		}
	}
	return spatial, temporal
}

var errShort = errors.New("descriptor ends early")

// next_layer_idc values.
const (
	sameLayer = iota
	nextTemporal
	nextSpatial
	noMoreLayers
)

func readStructure(r *bitReader) (*Structure, error) {
	s := &Structure{Offset: r.read(6), DecodeTargets: r.read(5) + 1}
	if err := s.readLayers(r); err != nil {
		return nil, err
	}
	for i := range s.Templates {
		s.Templates[i].DTIs = readDTIs(r, s.DecodeTargets)
	}
	for i := range s.Templates {
		for r.flag() && !r.short {
			s.Templates[i].FrameDiffs = append(s.Templates[i].FrameDiffs, r.read(4)+1)
		}
	}
	s.readChains(r)
	if r.flag() {
		for range s.Templates[len(s.Templates)-1].Spatial + 1 {
			s.Resolutions = append(s.Resolutions, Resolution{r.read(16) + 1, r.read(16) + 1})
		}
	}
	if r.short {
		return nil, fmt.Errorf("read dependency structure: %w", errShort)
	}
	return s, nil
}

func (s *Structure) readLayers(r *bitReader) error {
	var spatial, temporal int
	for {
		if len(s.Templates) == MaxTemplates {
			return fmt.Errorf("read dependency structure: more than %d templates", MaxTemplates)
		}
		s.Templates = append(s.Templates, Template{Spatial: spatial, Temporal: temporal})
		switch r.read(2) {
		case sameLayer:
		case nextTemporal:
			temporal++
		case nextSpatial:
			spatial, temporal = spatial+1, 0
		case noMoreLayers:
			return nil
		}
		if r.short {
			return fmt.Errorf("read dependency structure: %w", errShort)
		}
		if spatial >= maxSpatial || temporal >= maxTemporal {
			return fmt.Errorf("read dependency structure: layer S%dT%d is none of S0..S%d, T0..T%d",
				spatial, temporal, maxSpatial-1, maxTemporal-1)
		}
	}
}

func readDTIs(r *bitReader, n int) []DTI {
	out := make([]DTI, n)
	for i := range out {
		out[i] = DTI(r.read(2))
	}
	return out
}

func (s *Structure) readChains(r *bitReader) {
	s.Chains = r.nonSymmetric(s.DecodeTargets + 1)
	if s.Chains == 0 {
		return
	}
	for range s.DecodeTargets {
		s.ProtectedBy = append(s.ProtectedBy, r.nonSymmetric(s.Chains))
	}
	for i := range s.Templates {
		for range s.Chains {
			s.Templates[i].ChainDiffs = append(s.Templates[i].ChainDiffs, r.read(4))
		}
	}
}

func (s *Structure) write(w *bitWriter) {
	w.write(s.Offset, 6)
	w.write(s.DecodeTargets-1, 5)
	for i := range s.Templates {
		w.write(s.step(i), 2)
	}
	for _, t := range s.Templates {
		for _, dti := range t.DTIs {
			w.write(int(dti), 2)
		}
	}
	for _, t := range s.Templates {
		for _, d := range t.FrameDiffs {
			w.write(1, 1)
			w.write(d-1, 4)
		}
		w.write(0, 1)
	}
	w.nonSymmetric(s.Chains, s.DecodeTargets+1)
	if s.Chains > 0 {
		for _, c := range s.ProtectedBy {
			w.nonSymmetric(c, s.Chains)
		}
		for _, t := range s.Templates {
			for _, d := range t.ChainDiffs {
				w.write(d, 4)
			}
		}
	}
	w.flag(len(s.Resolutions) > 0)
	for _, r := range s.Resolutions {
		w.write(r.Width-1, 16)
		w.write(r.Height-1, 16)
	}
}

// step is the next_layer_idc that follows Templates[i].
func (s *Structure) step(i int) int {
	if i+1 == len(s.Templates) {
		return noMoreLayers
	}
	switch a, b := s.Templates[i], s.Templates[i+1]; {
	case b.Spatial > a.Spatial:
		return nextSpatial
	case b.Temporal > a.Temporal:
		return nextTemporal
	}
	return sameLayer
}
