package sfu_test

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/internal/golden"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/sfu"
	"gofino/tables"
)

var update = flag.Bool("update", false, "write testdata/*.stf again")

func compile(t testing.TB, target ir.Target) *ir.Program {
	prog, diags := p4.CompileSource("sfu.p4", []byte(sfu.Source), p4.Options{Target: target, Strict: true})
	require.Empty(t, diags)
	return prog
}

// TestVectors checks that the vectors are those of vector_cases_test.go, and
// runs them on both chips, through the fast and the traced engine.
func TestVectors(t *testing.T) {
	names := map[string]bool{}
	for _, c := range vectorCases() {
		text := c.text()
		path := filepath.Join("testdata", c.name+".stf")
		names[path] = true
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		}
		onDisk, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(onDisk), "%s: run go test ./sfu -run TestVectors -update", path)
		v, err := golden.Parse(c.name, text)
		require.NoError(t, err)
		for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
			for _, traced := range []bool{false, true} {
				d := newDevice(t, target)
				d.traced = traced
				if err := golden.Run(context.Background(), v, d); err != nil {
					t.Errorf("tofino%d, traced %v: %s: %v", target, traced, path, err)
				}
			}
		}
	}
	files, err := filepath.Glob("testdata/*.stf")
	require.NoError(t, err)
	for _, f := range files {
		require.True(t, names[f], "%s belongs to no case", f)
	}
}

// device is a fresh model that vectors run on.
type device struct {
	sw     *model.Switch
	traced bool
	out    []golden.Output
}

func newDevice(t *testing.T, target ir.Target) *device {
	sw, err := model.New(compile(t, target), model.Config{Pipes: 1})
	require.NoError(t, err)
	d := &device{sw: sw}
	sw.SetWire(d)
	return d
}

func (d *device) Send(port model.Port, head, payload []byte) error {
	d.out = append(d.out, golden.Output{Port: int(port), Data: slices.Concat(head, payload), Input: -1, Copy: -1})
	return nil
}

func (d *device) API() tables.API { return d.sw.API() }

func (d *device) Inject(port int, frame []byte) error {
	f := model.Frame{Port: model.Port(port), Data: frame}
	if d.traced {
		d.sw.Trace(f, &model.Recorder{})
	} else {
		d.sw.Process([]model.Frame{f})
	}
	return nil
}

func (d *device) Collect() ([]golden.Output, error) {
	out := d.out
	d.out = nil
	return out, nil
}

func (d *device) SetPort(port int, up bool) error {
	d.sw.PortUp(model.Port(port), up)
	return nil
}

func (d *device) Where(golden.Output, int) string { return "" }

// vector is one STF file under construction.
type vector struct {
	name string
	b    strings.Builder
}

func (v *vector) text() string { return v.b.String() }

// say writes a comment, line a command.
func (v *vector) say(format string, args ...any) {
	fmt.Fprintf(&v.b, "\n# "+format+"\n", args...)
}

func (v *vector) line(format string, args ...any) { fmt.Fprintf(&v.b, format+"\n", args...) }

func (v *vector) packet(port int, f []byte) { v.line("packet %d %X", port, f) }

func (v *vector) expect(port int, f []byte) { v.line("expect %d %X$", port, f) }

func newVector(name, about string) *vector {
	v := &vector{name: name}
	v.line("# SFU: %s", about)
	v.b.WriteString(prologue())
	return v
}

// The call of all vectors: a meeting (MGID 7) of A, B and C. A sends audio
// (stream 1, no layers) and video (stream 2, descriptor id 12, templates 20..24
// of L1T3). B and C receive both; C's decode target needs neither layer 1 (T1)
// nor layer 2 (T2). The agent is at port 64. D, in the tables of nobody, is at
// port 32.
const (
	portA, portB, portC, portD, portCPU = 8, 16, 24, 32, 64
	ssrcAudio, ssrcVideo                = 0x0a0a0001, 0x0a0a0002
	ssrcB                               = 0x0b0b0001
	templateBase                        = 20
)

var (
	theSFU = sfu.Address{MAC: sfu.MAC{2, 0, 0, 0, 0, 0xfe}, UDP: netip.MustParseAddrPort("10.0.0.254:3000")}
	hostA  = host(1)
	hostB  = host(2)
	hostC  = host(3)
	hostD  = host(4)
)

func host(n byte) sfu.Address {
	return sfu.Address{MAC: sfu.MAC{2, 0, 0, 0, 1, n}, UDP: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, n}), 40000+uint16(n))}
}

func hexIP(a sfu.Address) string {
	b := a.UDP.Addr().As4()
	return fmt.Sprintf("0x%X", b[:])
}

func hexMAC(a sfu.Address) string { return fmt.Sprintf("0x%X", a.MAC[:]) }

func prologue() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# A (port 8) sends audio and video, B (16) and C (24) receive; C without layers 1 and 2.")
	p("cpu_port 64")
	p("add cpu_ports eg_intr_md.egress_port:64 untouched()")
	p("add services hdr.ethernet.dst_addr:%s hdr.ipv4.dst_addr:%s hdr.udp.dst_port:3000 serve()", hexMAC(theSFU), hexIP(theSFU))
	p("add arp_responder hdr.arp.oper:1 hdr.arp.target_ip:%s arp_reply(mac:%s, ip:%s)", hexIP(theSFU), hexMAC(theSFU), hexIP(theSFU))
	p("add echo_responder hdr.icmp.type_code:0x0800 hdr.ipv4.dst_addr:%s echo_reply(mac:%s, ip:%s)", hexIP(theSFU), hexMAC(theSFU), hexIP(theSFU))
	p("value_set descriptor_ids_one 12&&&15")
	p("value_set descriptor_ids_one 5&&&15")
	p("value_set descriptor_ids_two 12&&&255")
	p("value_set descriptor_ids_two 5&&&255")
	for n, port := range []int{portA, portB, portC} {
		p("mc_node %d %d %d", n+1, n+1, port)
	}
	p("mc_group 7 1 2 3")
	p("mc_prune 1 8")
	for i, h := range []sfu.Address{hostA, hostB, hostC} {
		p("add from_cpu ig_intr_md.ingress_port:64 hdr.ipv4.dst_addr:%s hdr.udp.dst_port:%d send(port:%d)", hexIP(h), h.UDP.Port(), 8*(i+1))
	}
	for stream, ssrc := range []uint32{ssrcAudio, ssrcVideo} {
		p("add streams hdr.ipv4.src_addr:%s hdr.udp.src_port:%d md.ssrc:0x%X replicate(stream:%d, mgid:7, rid:1, yid:1, xid:0, descriptor_id:%d)",
			hexIP(hostA), hostA.UDP.Port(), ssrc, stream+1, 12*stream)
		p("add uplinks hdr.bridge.stream:%d to_sender(mac:%s, ip:%s, port:%d)", stream+1, hexMAC(hostA), hexIP(hostA), hostA.UDP.Port())
		for rid, h := range []sfu.Address{hostB, hostC} {
			p("add downlinks eg_intr_md.egress_rid:%d hdr.bridge.stream:%d to_receiver(mac:%s, ip:%s, port:%d)",
				rid+2, stream+1, hexMAC(h), hexIP(h), h.UDP.Port())
		}
	}
	for i, layer := range []int{0, 0, 1, 2, 2} {
		p("add layers md.stream:2 md.template_id:%d set_layer(layer:%d)", templateBase+i, layer)
	}
	p("add layer_filter eg_intr_md.egress_rid:3 hdr.bridge.stream:2 hdr.bridge.layer:1 suppress()")
	p("add layer_filter eg_intr_md.egress_rid:3 hdr.bridge.stream:2 hdr.bridge.layer:2 suppress()")
	for _, ssrc := range []uint32{ssrcAudio, ssrcVideo} {
		for _, r := range []sfu.Report{sfu.ReportRR, sfu.ReportNACK, sfu.ReportPLI, sfu.ReportFIR, sfu.ReportREMB} {
			p("add feedback hdr.ipv4.src_addr:%s hdr.udp.src_port:%d md.ssrc:0x%X md.report:%d relay(stream:%d, port:8)",
				hexIP(hostB), hostB.UDP.Port(), ssrc, r, ssrc-ssrcAudio+1)
		}
	}
	return b.String()
}

// up is a datagram from a host to the SFU, down one from the SFU to a host.
func up(from sfu.Address, payload []byte) []byte {
	d := sfu.Datagram{SrcMAC: from.MAC, DstMAC: theSFU.MAC, Src: from.UDP, Dst: theSFU.UDP, Payload: payload}
	return d.Append(nil)
}

func down(to sfu.Address, payload []byte) []byte {
	d := sfu.Datagram{SrcMAC: theSFU.MAC, DstMAC: to.MAC, Src: theSFU.UDP, Dst: to.UDP, Payload: payload}
	return d.Append(nil)
}

// forwarded: A sends, B and C receive; suppressed: only B does; nobody: none.
func (v *vector) forwarded(payload []byte) {
	v.packet(portA, up(hostA, payload))
	v.expect(portB, down(hostB, payload))
	v.expect(portC, down(hostC, payload))
}

func (v *vector) suppressed(payload []byte) {
	v.packet(portA, up(hostA, payload))
	v.expect(portB, down(hostB, payload))
	v.line("no_packet")
}

func (v *vector) dropped(port int, frame []byte) {
	v.packet(port, frame)
	v.line("no_packet")
}

// toCPU: the agent gets the frame as it is, and nobody else does.
func (v *vector) toCPU(port int, frame []byte) {
	v.packet(port, frame)
	v.expect(portCPU, frame)
	v.line("no_packet")
}

// rtpPacket has a payload of four bytes.
func rtpPacket(ssrc uint32, csrcs int, extension []byte) []byte {
	b := []byte{0x80 | byte(csrcs), 45, 0x12, 0x34, 0, 0, 0, 99}
	b = binary.BigEndian.AppendUint32(b, ssrc)
	for i := range csrcs {
		b = append(b, 0xc0, 0, 0, byte(i))
	}
	if extension != nil {
		b[0] |= 0x10
		b = append(b, extension...)
	}
	return append(b, 0xde, 0xad, 0xbe, 0xef)
}

// block makes an extension block of elements: padded, with the right length.
func block(profile uint16, elements ...[]byte) []byte {
	body := slices.Concat(elements...)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	b := binary.BigEndian.AppendUint16(nil, profile)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)/4))
	return append(b, body...)
}

const (
	oneByte = 0xbede
	twoByte = 0x1000
)

func one(id byte, data ...byte) []byte {
	return append([]byte{id<<4 | byte(len(data)-1)}, data...)
}

func two(id byte, data ...byte) []byte {
	return append([]byte{id, byte(len(data))}, data...)
}

// fill is n bytes that look like descriptors of both forms.
func fill(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0xc2
	}
	return b
}

// dd is a descriptor of three bytes: a whole frame of the template.
func dd(template int) []byte { return []byte{0xc0 | byte(templateBase+template), 0, 7} }

func ipChecksum(f []byte) []byte {
	f[24], f[25] = 0, 0
	var s uint32
	for i := 14; i < 34; i += 2 {
		s += uint32(f[i])<<8 | uint32(f[i+1])
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	binary.BigEndian.PutUint16(f[24:], ^uint16(s))
	return f
}
