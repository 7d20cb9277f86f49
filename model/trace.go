package model

import (
	"encoding/hex"
	"fmt"

	"gofino/pipeline"
	"gofino/pipeline/ir"
	"gofino/pre"
)

// Sink receives what a traced packet does. Pipeline events belong to the run
// (ChipIngress, ChipEgress) that was announced last.
type Sink interface {
	pipeline.Sink
	Chip(ChipEvent)
}

// ChipEvent is what the chip does around its pipelines.
type ChipEvent struct {
	Kind ChipKind `json:"kind"`
	// Packet numbers a run, or a packet in the traffic manager; From is the
	// one it came from, -1 for the frame that arrived. Kinds that start no
	// packet have Packet == From.
	Packet int  `json:"packet"`
	From   int  `json:"from"`
	Port   Port `json:"port"`
	// Time on the chip's clock, ns: of a run its first parser state, of a frame
	// that leaves its last bit, otherwise of the queue; a packet's end without
	// a time of its own has that of the run it ended in.
	Time  int64           `json:"time"`
	Attrs []pipeline.Attr `json:"attrs,omitempty"`
}

// ChipKind of a ChipEvent.
type ChipKind string

const (
	ChipIngress     ChipKind = "ingress"     // an ingress run starts: mac_tstamp, length, resubmit, data
	ChipMirror      ChipKind = "mirror"      // a mirrored packet enters the traffic manager: length, data
	ChipReplicate   ChipKind = "replicate"   // one decision of the replication engine: decision
	ChipEgress      ChipKind = "egress"      // an egress run starts: rid, rid_first, qid, cos, pkt_length
	ChipBypass      ChipKind = "bypass"      // a copy skips egress
	ChipRecirculate ChipKind = "recirculate" // a frame leaves into its own pipe: data
	ChipSend        ChipKind = "send"        // a frame leaves: data
	ChipDrop        ChipKind = "drop"        // a packet ends: reason
	ChipDigest      ChipKind = "digest"      // the learn filter took a quantum: name, data, result (learned, duplicate, lost)
)

// Trace runs one packet as Process would, through the reference engine, and
// reports every step. It is a packet like any other: state changes, and frames
// leave through the Wire.
func (s *Switch) Trace(f Frame, sink Sink) {
	s.enter()
	defer s.leave()
	c := &call{s: s, sink: sink}
	if j := s.journal.Load(); j != nil {
		j.process(c, []Frame{f})
		return
	}
	c.process(s.clock.Now(), []Frame{f})
}

// chip reports an event of the packet that was named last, unless the event
// says which.
func (c *call) chip(e ChipEvent) {
	if e.Packet == 0 && e.From == 0 {
		e.Packet, e.From = c.at, c.at
	}
	if e.Time == 0 {
		e.Time = c.when
	}
	c.sink.Chip(e)
}

// begin names a packet.
func (c *call) begin(e ChipEvent) int {
	c.ids++
	e.Packet = c.ids
	c.at, c.when = e.Packet, e.Time
	c.sink.Chip(e)
	return e.Packet
}

func attr(name, format string, args ...any) pipeline.Attr {
	return pipeline.Attr{Name: name, Value: fmt.Sprintf(format, args...)}
}

func hexAttr(head, payload []byte) pipeline.Attr {
	return attr("data", "%s%s", hex.EncodeToString(head), hex.EncodeToString(payload))
}

// slowIngress runs a packet that somebody looks at: a trace, a snapshot, debug
// counters. now is the time of its first parser state.
func (c *call) slowIngress(p *pipe, a *arrival, resubmit bool, now int64) {
	if c.sink != nil {
		a.from = c.begin(ChipEvent{Kind: ChipIngress, From: a.from, Port: a.port, Time: now, Attrs: []pipeline.Attr{
			attr("mac_tstamp", "%d", a.mac), attr("length", "%d", len(a.data)), attr("resubmit", "%t", resubmit), hexAttr(a.data, nil),
		}})
	}
	c.look(p, ir.Ingress, now)
}

// slowEgress is slowIngress of the other gress; it returns the packet's new
// name.
func (c *call) slowEgress(p *pipe, pk *stored, to destination, now int64) int {
	id := pk.id
	if c.sink != nil {
		id = c.begin(ChipEvent{Kind: ChipEgress, From: pk.id, Port: to.port, Time: now, Attrs: []pipeline.Attr{
			attr("rid", "%d", to.rid), attr("rid_first", "%t", to.first), attr("qid", "%d", pk.qid), attr("cos", "%d", to.cos),
			attr("pkt_length", "%d", pk.length()),
		}})
	}
	c.look(p, ir.Egress, now)
	return id
}

func (c *call) traceMirror(pk *stored, from int) int {
	return c.begin(ChipEvent{Kind: ChipMirror, From: from, Port: pk.from, Time: pk.enq, Attrs: []pipeline.Attr{
		attr("length", "%d", len(pk.head)+len(pk.payload)), hexAttr(pk.head, pk.payload),
	}})
}

func (c *call) traceBypass(pk *stored, to destination) {
	c.chip(ChipEvent{Kind: ChipBypass, Packet: pk.id, From: pk.id, Port: to.port, Time: pk.enq + c.s.waited(pk)})
}

func (c *call) traceOut(k ChipKind, port Port, id int, at int64, head, payload []byte) {
	c.chip(ChipEvent{Kind: k, Packet: id, From: id, Port: port, Time: at, Attrs: []pipeline.Attr{hexAttr(head, payload)}})
}

func (c *call) traceReplicate(pk *stored, r pre.Request) []pre.Copy {
	id, enq := pk.id, pk.enq // pk itself must not escape: the untraced path keeps it on the stack
	return c.s.pre.Explain(r, func(d pre.Decision) {
		c.chip(ChipEvent{Kind: ChipReplicate, Packet: id, From: id, Port: Port(d.Copy.Port), Time: enq, Attrs: []pipeline.Attr{
			attr("depth", "%d", d.Depth), attr("decision", "%s", d.Text),
		}})
	})
}

// Recorder is a Sink that keeps a trace as a tree.
type Recorder struct {
	Root  *TraceNode // the ingress run of the frame that arrived; nil before
	nodes map[int]*TraceNode
	last  *TraceNode
}

// TraceNode is one run, or one mirrored packet, with what it did and what came
// of it.
type TraceNode struct {
	ChipEvent
	Steps    []TraceStep  `json:"steps,omitempty"`
	Children []*TraceNode `json:"children,omitempty"`
}

// TraceStep is a step of a pipeline or of the chip.
type TraceStep struct {
	Pipeline *pipeline.Event `json:"pipeline,omitempty"`
	Chip     *ChipEvent      `json:"chip,omitempty"`
}

// Event keeps a step of the run that started last.
func (r *Recorder) Event(e pipeline.Event) {
	if r.last != nil {
		r.last.Steps = append(r.last.Steps, TraceStep{Pipeline: &e})
	}
}

// Chip keeps an event, as a child of the packet it came from if it starts one.
func (r *Recorder) Chip(e ChipEvent) {
	if e.Packet == e.From {
		n := r.nodes[e.Packet]
		if n == nil {
			// The frame did not even reach a parser.
			n = r.add(ChipEvent{Kind: ChipIngress, Packet: e.Packet, From: -1, Port: e.Port})
		}
		n.Steps = append(n.Steps, TraceStep{Chip: &e})
		return
	}
	r.add(e)
}

func (r *Recorder) add(e ChipEvent) *TraceNode {
	n := &TraceNode{ChipEvent: e}
	if r.nodes == nil {
		r.nodes = map[int]*TraceNode{}
	}
	r.nodes[e.Packet] = n
	r.last = n
	if up := r.nodes[e.From]; up != nil {
		up.Children = append(up.Children, n)
	} else if r.Root == nil {
		r.Root = n
	}
	return n
}
