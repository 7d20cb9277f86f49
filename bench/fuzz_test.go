package bench

import (
	"bytes"
	"testing"

	"gofino/model"
	"gofino/pipeline/ir"
)

// record keeps what leaves, with its port.
type record struct{ out bytes.Buffer }

func (r *record) Send(p model.Port, head, payload []byte) error {
	r.out.WriteByte(byte(p >> 8))
	r.out.WriteByte(byte(p))
	r.out.Write(head)
	r.out.Write(payload)
	return nil
}

// FuzzPackets sends frames into every program that we ship, with full tables,
// on both chips. The fast engine and the reference engine must put the same
// frames on the same ports and end in the same state.
func FuzzPackets(f *testing.F) {
	type pair struct {
		name       string
		fast, slow *Scenario
		a, b       *record
	}
	var pairs []*pair
	for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
		for _, name := range ScenarioNames() {
			p := &pair{name: name, a: &record{}, b: &record{}}
			for _, s := range []struct {
				to   **Scenario
				wire *record
			}{{&p.fast, p.a}, {&p.slow, p.b}} {
				sc, err := NewScenario(name, target, 1)
				if err != nil {
					f.Fatal(err)
				}
				sc.Switch.SetWire(s.wire)
				*s.to = sc
			}
			pairs = append(pairs, p)
			f.Add(p.fast.Frames[0].Data, uint16(p.fast.Frames[0].Port))
		}
	}
	f.Add([]byte{}, uint16(1))
	f.Add(bytes.Repeat([]byte{0xff}, 64), uint16(64))
	f.Fuzz(func(t *testing.T, data []byte, port uint16) {
		if len(data) > 10240 {
			return
		}
		frame := model.Frame{Port: model.Port(port % 512), Data: data}
		for _, p := range pairs {
			p.a.out.Reset()
			p.b.out.Reset()
			p.fast.Switch.Process([]model.Frame{frame})
			p.slow.Switch.Trace(frame, &model.Recorder{})
			if !bytes.Equal(p.a.out.Bytes(), p.b.out.Bytes()) {
				t.Fatalf("%s: fast %x, reference %x", p.name, p.a.out.Bytes(), p.b.out.Bytes())
			}
		}
	})
}
