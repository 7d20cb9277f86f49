package call

import "gofino/model"

// Model makes a Forwarder of a model.Switch, whose Wire it becomes. One frame
// at a time, as Memory does.
func Model(sw *model.Switch) Forwarder {
	m := &modelSwitch{sw: sw}
	sw.SetWire(m)
	return m
}

type modelSwitch struct {
	sw  *model.Switch
	buf []byte
	out func(uint16, []byte)
}

// Forward implements Forwarder.
func (m *modelSwitch) Forward(port uint16, frame []byte, out func(uint16, []byte)) {
	m.out = out
	m.sw.Process([]model.Frame{{Port: model.Port(port), Data: frame}})
}

// Send implements model.Wire.
func (m *modelSwitch) Send(port model.Port, head, payload []byte) error {
	m.buf = append(append(m.buf[:0], head...), payload...)
	m.out(uint16(port), m.buf)
	return nil
}
