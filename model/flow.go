package model

// Advanced flow control of Tofino 2: a program pauses and resumes a queue by a
// word of its deparser metadata, adv_flow_ctl. Its layout is what public Tofino 2
// programs write and document (ConWeave, SIGCOMM 2023, and others):
//
//	qfc:1@31  pipe:2@29  port group:4@25  unused:3@22  queue of the group:7@15  credit:15@0
//
// The queue's pipe must have advanced_flow_control_enable in tm.pipe.sched_cfg, and
// the queue a mode in advanced_flow_control of tm.queue.sched_cfg: XOFF stops the
// queue where credit is not 0 and lets it go on where it is 0; CREDIT adds the
// signed credit to the queue's, which sends while it has any.

const (
	// FlowCreditUnit is what a unit of credit lets through. Not public: a cell.
	FlowCreditUnit = 1 // cells

	flowValid = 1 << 31
)

// flowMode of a queue.
type flowMode uint8

const (
	noFlow flowMode = iota // or it was never set
	xoffFlow
	creditFlow
)

// flowState is what words have made of a queue.
type flowState struct {
	xoff   bool
	credit int // cells
}

// flowModeOf is the mode of a queue, by its key in tm.queue tables. mu is held, or
// Switch.mu.
func (m *tm) flowModeOf(k fixedKey) flowMode {
	if !m.pipe[k.pipe-1].flow {
		return noFlow
	}
	switch m.conf["queue.sched_cfg"][k].text("advanced_flow_control") {
	case "XOFF":
		return xoffFlow
	case "CREDIT":
		return creditFlow
	}
	return noFlow
}

// compileFlow lets the queues of a pipe follow its switch for flow control. mu is
// held.
func (m *tm) compileFlow(pipe int) {
	for i, g := range m.groups[pipe] {
		if g == nil {
			continue
		}
		for n := range g.queues {
			g.queues[n].mode = m.flowModeOf(fixedKey{n: [2]uint64{uint64(i), uint64(n)}, pipe: pipe + 1})
		}
		for n := range g.ports {
			m.schedule(&g.ports[n], m.s.clock.Now())
		}
	}
}

// flowControl obeys a word at once; the chip takes some more packets out of the
// queue meanwhile. A word for a queue that is not there does nothing.
func (m *tm) flowControl(word uint32, now int64) {
	if word&flowValid == 0 {
		return
	}
	pipe, group, n := int(word>>29&3), int(word>>25&0xf), int(word>>15&0x7f)
	credit := int(int32(word<<17) >> 17)
	m.mu.Lock()
	defer m.mu.Unlock()
	if pipe >= len(m.s.pipes) || group >= m.shape.groups || m.groups[pipe][group] == nil {
		return
	}
	g := m.groups[pipe][group]
	q := &g.queues[n]
	switch q.mode {
	case noFlow:
		return
	case xoffFlow:
		q.flow.xoff = credit != 0
	case creditFlow:
		q.flow.credit += credit * FlowCreditUnit
	}
	nr, _ := g.portOf(n)
	m.schedule(&g.ports[nr], now)
}

// held tells whether flow control keeps the queue from sending.
func (q *queue) held() bool {
	return q.mode == xoffFlow && q.flow.xoff || q.mode == creditFlow && q.flow.credit <= 0
}
