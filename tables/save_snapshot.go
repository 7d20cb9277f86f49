package tables

import "gofino/internal/snap"

func (t *snapshotRows) save(e *snap.Encoder) {
	keys := t.sorted()
	e.Uint(uint64(len(keys)))
	for _, k := range keys {
		e.Uint(uint64(k.first), uint64(k.last))
		for i := range t.spec.Data {
			v := t.rows[k][i]
			e.Bool(v != nil)
			switch v := v.(type) {
			case bool:
				e.Bool(v)
			case string:
				e.String(v)
			case []byte:
				e.Bytes(v)
			}
		}
	}
}

func (t *snapshotRows) load(d *snap.Decoder) {
	for range d.Len() {
		k := stageRange{first: d.Uint32(), last: d.Uint32()}
		row := make(snapshotRow, len(t.spec.Data))
		for i := range row {
			if !d.Bool() {
				continue
			}
			var v Value
			switch t.spec.Data[i].Type.Kind {
			case "bool":
				v = d.Bool()
			case "string":
				v = d.String()
			default:
				v = append([]byte{}, d.Bytes()...)
			}
			if d.Err() != nil {
				return
			}
			v, err := scalarValue(t.spec.Data[i].Type, v)
			d.Wrap(err)
			row[i] = v
		}
		if int(k.last) >= t.spec.Size || k.last < k.first {
			d.Fail("snapshot of stages %d to %d", k.first, k.last)
		}
		t.rows[k] = row
	}
}

func (t *snapshotData) save(*snap.Encoder)     {}
func (t *snapshotData) load(*snap.Decoder)     {}
func (t *snapshotLiveness) save(*snap.Encoder) {}
func (t *snapshotLiveness) load(*snap.Decoder) {}
func (t *debugCounters) save(*snap.Encoder)    {}
func (t *debugCounters) load(*snap.Decoder)    {}
