package model

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// The chip's own views into stages: the containers that a snapshot captured, and
// the debug counters by logical table (bfrt-fixed-tables.md, p4).

// containers of a pipe that snapshot.phv has a field for.
const (
	containers1 = 224
	containers2 = 280
)

func (s *Switch) debugTables() []*fixedTable {
	family, stages, phv, counters := "tf1.", 12, containers1, 192
	if s.target == ir.Tofino2 {
		family, stages, phv, counters = "tf2.", 20, containers2, 1280
	}
	return []*fixedTable{s.phvTable(family, stages, phv), s.logTblCounter(family, stages, counters)}
}

// phvTable shows what a snapshot captured as containers. How a compiler puts
// fields into containers is not known here: container n is the n-th 32-bit word
// of the gress's memory, where a field of the program lies in it.
func (s *Switch) phvTable(family string, stages, n int) *fixedTable {
	var data strings.Builder
	for i := range n {
		if i > 0 {
			data.WriteByte(';')
		}
		fmt.Fprintf(&data, "phv%d#%d:uint32/O", i, i)
	}
	t := &fixedTable{
		spec:  fixedSpec(family+"snapshot.phv", 0xff070001, "SnapshotPhv", stages, "stage#0:uint32=0", data.String()),
		pipes: len(s.pipes), sparse: true,
	}
	t.get = func(k fixedKey) (record, string, error) {
		if k.n[0] >= uint64(stages) {
			return nil, "", refused(tables.ErrInvalid, "key field stage is %d, want 0 to %d", k.n[0], stages-1)
		}
		var got *tables.SnapshotStage
		var fields []ir.SnapshotField
		for _, p := range s.pipesOf(k) {
			p.st.Mu.Lock()
			if sn, g := p.st.Snapshots.Captured(int(k.n[0])); g != nil {
				got = g
				for _, of := range p.pl.Snapshots {
					if of.Dir == sn.Dir {
						fields = of.Fields
					}
				}
			}
			p.st.Mu.Unlock()
		}
		switch {
		case got == nil:
			return nil, "", refused(tables.ErrNotFound, "nothing was captured in stage %d", k.n[0])
		case k.pipe == 0:
			return nil, "", refused(tables.ErrInvalid, "captures are of one pipe each: name it in the target")
		}
		r := record{}
		for _, f := range fields {
			for i := f.Loc.Bit / 32; i <= (f.Loc.Bit+f.Loc.Width-1)/32 && i < n; i++ {
				var w [4]byte
				copy(w[:], got.Memory[4*i:])
				r[fmt.Sprint("phv", i)] = num32(uint64(binary.BigEndian.Uint32(w[:])))
			}
		}
		return r, "", nil
	}
	t.keys = func() []fixedKey { return upTo(stages) }
	return t
}

// logTblCounter is the debug counters by stage and logical table.
func (s *Switch) logTblCounter(family string, stages, size int) *fixedTable {
	t := &fixedTable{
		spec: fixedSpec(family+"log_tbl_counter", 0xff070004, "LogDbgCnt", size, "stage#1:uint32=0;log_tbl#2:uint32=0",
			"type#1:string{"+strings.Join(tables.DebugTypes, ",")+",UNUSED}=TBL_HIT;value#2:uint64=0"),
		pipes: len(s.pipes),
	}
	// cells calls f for the counter of each pipe that a key means; while none
	// counts, for what one would be.
	cells := func(k fixedKey, f func(p *pipe, c *tables.DebugCell)) error {
		if k.n[0] >= uint64(stages) || k.n[1] >= tables.LogicalPerStage {
			return refused(tables.ErrInvalid, "stage %d, log_tbl %d (stages: 0..%d; logical tables: 0..%d)", k.n[0], k.n[1], stages-1, tables.LogicalPerStage-1)
		}
		for _, p := range s.pipesOf(k) {
			p.st.Mu.Lock()
			c := &tables.DebugCell{Type: tables.DebugHit}
			if n := k.n[0]*tables.LogicalPerStage + k.n[1]; n < uint64(len(p.st.Debug.Cells)) {
				c = &p.st.Debug.Cells[n]
			}
			f(p, c)
			p.st.Mu.Unlock()
		}
		return nil
	}
	t.modify = func(k fixedKey, r record) (func(), error) {
		kind := slices.Index(tables.DebugTypes, r.text("type"))
		if kind < 0 {
			return nil, refused(tables.ErrInvalid, "field type is %q (choices: %s)", r.text("type"), strings.Join(tables.DebugTypes, ", "))
		}
		if v := r.num("value"); v != 0 {
			return nil, refused(tables.ErrInvalid, "field value is %d: a debug counter can be cleared, not set", v)
		}
		var was []tables.DebugType
		stop := s.startDebug()
		err := cells(k, func(p *pipe, c *tables.DebugCell) {
			was = append(was, c.Type)
			p.st.Debug.SetType(c, tables.DebugType(kind))
		})
		if err != nil {
			stop()
			return nil, err
		}
		return func() {
			// The key was good.
			_ = cells(k, func(p *pipe, c *tables.DebugCell) {
				p.st.Debug.SetType(c, was[0])
				was = was[1:]
			})
			stop()
		}, nil
	}
	t.clear = func(all fixedKey) (func(), error) {
		undo := []func(){s.startDebug()}
		for _, p := range s.pipesOf(all) {
			p.st.Mu.Lock()
			undo = append(undo, p.st.Debug.Clear(&p.st.Mu))
			p.st.Mu.Unlock()
		}
		return func() {
			for _, u := range slices.Backward(undo) {
				u()
			}
		}, nil
	}
	t.get = func(k fixedKey) (record, string, error) {
		value, kind, mixed := uint64(0), -1, false
		err := cells(k, func(_ *pipe, c *tables.DebugCell) {
			mixed = mixed || kind >= 0 && kind != int(c.Type)
			kind = int(c.Type)
			value += uint64(c.Value)
		})
		if err == nil && mixed {
			err = refused(tables.ErrInvalid, "the counter's type differs from pipe to pipe: read one pipe")
		}
		if err != nil {
			return nil, "", err
		}
		return record{"type": tables.DebugTypes[kind], "value": num64(value)}, "", nil
	}
	t.keys = func() []fixedKey {
		out := make([]fixedKey, 0, stages*tables.LogicalPerStage)
		for i := range uint64(stages * tables.LogicalPerStage) {
			out = append(out, fixedKey{n: [2]uint64{i / tables.LogicalPerStage, i % tables.LogicalPerStage}})
		}
		return out
	}
	return t
}

// startDebug makes the debug counters count, if they do not.
func (s *Switch) startDebug() (undo func()) {
	var stop []func()
	for _, p := range s.programs {
		stop = append(stop, p.api.StartDebug())
	}
	return func() {
		for _, f := range stop {
			f()
		}
	}
}

// pipesOf a key.
func (s *Switch) pipesOf(k fixedKey) []*pipe {
	if k.pipe != 0 {
		return s.pipes[k.pipe-1 : k.pipe]
	}
	return s.pipes
}
