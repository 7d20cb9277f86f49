package sfu

import (
	"math/bits"
	"net/netip"

	"gofino/tables"
)

// The tables of p4/sfu.p4 and of the replication engine.
const (
	tableARP       = "SfuIngress.arp_responder"
	tableEcho      = "SfuIngress.echo_responder"
	tableFromCPU   = "SfuIngress.from_cpu"
	tableServices  = "SfuIngress.services"
	tableStreams   = "SfuIngress.streams"
	tableLayers    = "SfuIngress.layers"
	tableFeedback  = "SfuIngress.feedback"
	tableCPUPorts  = "SfuEgress.cpu_ports"
	tableFilter    = "SfuEgress.layer_filter"
	tableDownlinks = "SfuEgress.downlinks"
	tableUplinks   = "SfuEgress.uplinks"
	tableVerdicts  = "SfuIngress.verdicts"
	setOneByte     = "SfuIngressParser.descriptor_ids_one"
	setTwoByte     = "SfuIngressParser.descriptor_ids_two"
	tableGroup     = "$pre.mgid"
	tableNode      = "$pre.node"
	tablePrune     = "$pre.prune"
	tablePrePort   = "$pre.port"
)

// Report is the kind of RTCP feedback, as the program numbers it.
type Report uint8

const (
	ReportOther Report = iota
	ReportRR
	ReportNACK
	ReportPLI
	ReportFIR
	ReportREMB
	ReportTWCC
)

// number is v as the table API wants it: big-endian.
func number(v uint64) []byte {
	n := max(1, (bits.Len64(v)+7)/8)
	b := make([]byte, n)
	for i := range b {
		b[n-1-i] = byte(v >> (8 * i))
	}
	return b
}

func key(name string, v uint64) tables.KeyField {
	return tables.KeyField{Name: name, Value: number(v)}
}

func arg(name string, v uint64) tables.DataField {
	return tables.DataField{Name: name, Value: number(v)}
}

func ip4(a netip.Addr) uint64 {
	b := a.As4()
	return uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
}

func (m MAC) number() uint64 {
	var v uint64
	for _, b := range m {
		v = v<<8 | uint64(b)
	}
	return v
}

// row is one entry of one table.
func row(table, action string, keys []tables.KeyField, data ...tables.DataField) tables.TableEntry {
	return tables.TableEntry{Table: table, Action: action, Key: keys, Data: data}
}

func keys(k ...tables.KeyField) []tables.KeyField { return k }

func answerARP(a Address) tables.TableEntry {
	return row(tableARP, "SfuIngress.arp_reply", keys(key("hdr.arp.oper", 1), key("hdr.arp.target_ip", ip4(a.UDP.Addr()))),
		arg("mac", a.MAC.number()), arg("ip", ip4(a.UDP.Addr())))
}

func answerEcho(a Address) tables.TableEntry {
	const echoRequest = 0x0800
	return row(tableEcho, "SfuIngress.echo_reply",
		keys(key("hdr.icmp.type_code", echoRequest), key("hdr.ipv4.dst_addr", ip4(a.UDP.Addr()))),
		arg("mac", a.MAC.number()), arg("ip", ip4(a.UDP.Addr())))
}

func service(a Address) tables.TableEntry {
	return row(tableServices, "SfuIngress.serve", keys(key("hdr.ethernet.dst_addr", a.MAC.number()),
		key("hdr.ipv4.dst_addr", ip4(a.UDP.Addr())), key("hdr.udp.dst_port", uint64(a.UDP.Port()))))
}

func cpuPort(port uint16) tables.TableEntry {
	return row(tableCPUPorts, "SfuEgress.untouched", keys(key("eg_intr_md.egress_port", uint64(port))))
}

func copyToCPU(port uint16, on bool) tables.TableEntry {
	return row(tablePrePort, "", keys(key("$DEV_PORT", uint64(port))),
		tables.DataField{Name: "$COPY_TO_CPU_PORT_ENABLE", Value: on})
}

func fromCPU(cpu uint16, p *participant) tables.TableEntry {
	return row(tableFromCPU, "SfuIngress.send", keys(key("ig_intr_md.ingress_port", uint64(cpu)),
		key("hdr.ipv4.dst_addr", ip4(p.UDP.Addr())), key("hdr.udp.dst_port", uint64(p.UDP.Port()))),
		arg("port", uint64(p.Port)))
}

func node(p *participant) tables.TableEntry {
	return row(tableNode, "", keys(key("$MULTICAST_NODE_ID", uint64(p.rid))), arg("$MULTICAST_RID", uint64(p.rid)),
		tables.DataField{Name: "$MULTICAST_LAG_ID", Value: []uint32{}},
		tables.DataField{Name: "$DEV_PORT", Value: []uint32{uint32(p.Port)}})
}

func group(m MeetingID, members []*participant) tables.TableEntry {
	nodes := make([]uint32, len(members))
	for i, p := range members {
		nodes[i] = uint32(p.rid)
	}
	return row(tableGroup, "", keys(key("$MGID", uint64(m))),
		tables.DataField{Name: "$MULTICAST_NODE_ID", Value: nodes},
		tables.DataField{Name: "$MULTICAST_NODE_L1_XID_VALID", Value: make([]bool, len(nodes))},
		tables.DataField{Name: "$MULTICAST_NODE_L1_XID", Value: make([]uint32, len(nodes))})
}

func prune(yid uint16, ports ...uint32) tables.TableEntry {
	if ports == nil {
		ports = []uint32{}
	}
	return row(tablePrune, "", keys(key("$MULTICAST_L2_XID", uint64(yid))), tables.DataField{Name: "$DEV_PORT", Value: ports})
}

func sender(s *stream, yid uint16) tables.TableEntry {
	return row(tableStreams, "SfuIngress.replicate", keys(key("hdr.ipv4.src_addr", ip4(s.owner.UDP.Addr())),
		key("hdr.udp.src_port", uint64(s.owner.UDP.Port())), key("md.ssrc", uint64(s.SSRC))),
		arg("stream", uint64(s.id)), arg("mgid", uint64(s.owner.meeting.id)), arg("rid", uint64(s.owner.rid)),
		arg("yid", uint64(yid)), arg("xid", 0), arg("descriptor_id", uint64(s.DescriptorID)))
}

func uplink(s *stream) tables.TableEntry {
	a := s.owner
	return row(tableUplinks, "SfuEgress.to_sender", keys(key("hdr.bridge.stream", uint64(s.id))),
		arg("mac", a.MAC.number()), arg("ip", ip4(a.UDP.Addr())), arg("port", uint64(a.UDP.Port())))
}

func downlink(s *stream, to *participant) tables.TableEntry {
	return row(tableDownlinks, "SfuEgress.to_receiver",
		keys(key("eg_intr_md.egress_rid", uint64(to.rid)), key("hdr.bridge.stream", uint64(s.id))),
		arg("mac", to.MAC.number()), arg("ip", ip4(to.UDP.Addr())), arg("port", uint64(to.UDP.Port())))
}

func relay(s *stream, from *participant, r Report) tables.TableEntry {
	return row(tableFeedback, "SfuIngress.relay", keys(key("hdr.ipv4.src_addr", ip4(from.UDP.Addr())),
		key("hdr.udp.src_port", uint64(from.UDP.Port())), key("md.ssrc", uint64(s.SSRC)), key("md.report", uint64(r))),
		arg("stream", uint64(s.id)), arg("port", uint64(s.owner.Port)))
}

func layer(s StreamID, template int, class uint8) tables.TableEntry {
	return row(tableLayers, "SfuIngress.set_layer",
		keys(key("md.stream", uint64(s)), key("md.template_id", uint64(template))), arg("layer", uint64(class)))
}

func filter(rid ParticipantID, s StreamID, class uint8) tables.TableEntry {
	return row(tableFilter, "SfuEgress.suppress", keys(key("eg_intr_md.egress_rid", uint64(rid)),
		key("hdr.bridge.stream", uint64(s)), key("hdr.bridge.layer", uint64(class))))
}

// Tables are the tables that a Plane fills and leaves empty: the program's match
// tables and value sets, and the replication engine's groups and nodes.
func Tables() []string {
	return []string{
		tableARP, tableEcho, tableFromCPU, tableServices, tableStreams, tableLayers, tableFeedback,
		tableCPUPorts, tableFilter, tableDownlinks, tableUplinks, setOneByte, setTwoByte, tableGroup, tableNode,
	}
}
