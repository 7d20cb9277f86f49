package av1

import "fmt"

// MandatorySize is the length of a descriptor that has nothing but the fields
// that every descriptor has.
const MandatorySize = 3

// Descriptor is one parsed dependency descriptor.
type Descriptor struct {
	StartOfFrame, EndOfFrame bool
	TemplateID               int
	FrameNumber              uint16
	// Structure is the one that the descriptor carries, nil for none.
	Structure *Structure
	// ActiveTargets is the set of decode targets that the sender sends; valid
	// with HasActiveTargets. A new structure makes all of them active.
	HasActiveTargets bool
	ActiveTargets    uint32
	// What this frame has instead of its template's; nil for the template's.
	CustomDTIs       []DTI
	CustomFrameDiffs []int // not nil, but perhaps empty, when present
	CustomChainDiffs []int
}

// Parse reads a descriptor. known is the structure that the stream sent last;
// it is needed only for descriptors that depend on it (active decode targets,
// custom DTIs and chains without a structure of their own).
func Parse(b []byte, known *Structure) (*Descriptor, error) {
	if len(b) < MandatorySize {
		return nil, fmt.Errorf("parse dependency descriptor: %d bytes, need %d", len(b), MandatorySize)
	}
	r := &bitReader{buf: b}
	d := &Descriptor{StartOfFrame: r.flag(), EndOfFrame: r.flag(), TemplateID: r.read(6), FrameNumber: uint16(r.read(16))}
	if len(b) == MandatorySize {
		return d, nil
	}
	if err := d.readExtended(r, known); err != nil {
		return nil, fmt.Errorf("parse dependency descriptor: %w", err)
	}
	return d, nil
}

func (d *Descriptor) readExtended(r *bitReader, known *Structure) error {
	hasStructure, hasActive := r.flag(), r.flag()
	customDTIs, customFrames, customChains := r.flag(), r.flag(), r.flag()
	s := known
	if hasStructure {
		var err error
		if s, err = readStructure(r); err != nil {
			return err
		}
		d.Structure = s
		d.HasActiveTargets, d.ActiveTargets = true, uint32(1<<s.DecodeTargets-1)
	}
	if s == nil && (hasActive || customDTIs || customChains) {
		return fmt.Errorf("no structure known yet")
	}
	if hasActive {
		d.HasActiveTargets = true
		d.ActiveTargets = uint32(r.read(s.DecodeTargets))
	}
	if customDTIs {
		d.CustomDTIs = readDTIs(r, s.DecodeTargets)
	}
	if customFrames {
		d.CustomFrameDiffs = []int{}
		for size := r.read(2); size > 0; size = r.read(2) {
			d.CustomFrameDiffs = append(d.CustomFrameDiffs, r.read(4*size)+1)
		}
	}
	if customChains {
		d.CustomChainDiffs = make([]int, s.Chains)
		for i := range d.CustomChainDiffs {
			d.CustomChainDiffs[i] = r.read(8)
		}
	}
	if r.short {
		return errShort
	}
	if s != nil && s.Index(d.TemplateID) < 0 {
		return fmt.Errorf("template %d is none of %d from %d on", d.TemplateID, len(s.Templates), s.Offset)
	}
	return nil
}

// DTIs of the frame: its own, or its template's in the structure.
func (d *Descriptor) DTIs(s *Structure) []DTI {
	if d.CustomDTIs != nil {
		return d.CustomDTIs
	}
	if t := s.Template(d.TemplateID); t != nil {
		return t.DTIs
	}
	return nil
}

// Append writes the descriptor to b. decodeTargets is the number that the
// structure in force has; it counts only when ActiveTargets is sent without a
// structure.
func (d *Descriptor) Append(b []byte, decodeTargets int) []byte {
	w := &bitWriter{}
	w.flag(d.StartOfFrame)
	w.flag(d.EndOfFrame)
	w.write(d.TemplateID, 6)
	w.write(int(d.FrameNumber), 16)
	sendActive := d.HasActiveTargets
	if s := d.Structure; s != nil {
		decodeTargets = s.DecodeTargets
		sendActive = sendActive && d.ActiveTargets != uint32(1<<s.DecodeTargets-1)
	}
	if d.Structure == nil && !sendActive && d.CustomDTIs == nil && d.CustomFrameDiffs == nil && d.CustomChainDiffs == nil {
		return append(b, w.buf...)
	}
	w.flag(d.Structure != nil)
	w.flag(sendActive)
	w.flag(d.CustomDTIs != nil)
	w.flag(d.CustomFrameDiffs != nil)
	w.flag(d.CustomChainDiffs != nil)
	if d.Structure != nil {
		d.Structure.write(w)
	}
	if sendActive {
		w.write(int(d.ActiveTargets), decodeTargets)
	}
	for _, dti := range d.CustomDTIs {
		w.write(int(dti), 2)
	}
	if d.CustomFrameDiffs != nil {
		for _, diff := range d.CustomFrameDiffs {
			size := 1
			for (diff-1)>>(4*size) > 0 {
				size++
			}
			w.write(size, 2)
			w.write(diff-1, 4*size)
		}
		w.write(0, 2)
	}
	for _, diff := range d.CustomChainDiffs {
		w.write(diff, 8)
	}
	return append(b, w.buf...)
}
