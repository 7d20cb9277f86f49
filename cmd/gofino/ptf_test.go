//go:build external

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The vendor's PTF suites for its p4_16_programs, with the vendor's own Python
// client, against gofino run over veth ports (docs/proof.md says how to get what
// it needs). None of that is here:
//
//	PTF_PROGRAMS  the folder of programs, each with its test.py
//	PTF           the PTF source: the script ptf, and src/
//	PTF_CLIENT    the folder of client.py and info_parse.py
//	PTF_UTILS     the folder of the vendor's helpers for tests
//	PTF_PROTO     a folder with google/rpc/status.proto and code.proto
//	PTF_PKTPY     the vendor's packet library, which one suite needs; optional
//	PTF_ONLY      names of suites, with commas; all of them without
//	PTF_TESTS     names of tests of one suite, with commas: only these, and what the suite says
//	PTF_REPORT    a file to write the table to, Markdown
//
// and protoc with its Python and gRPC plug-ins, python3 with grpc, protobuf,
// scapy, crcmod and six, and iproute2, run as root.

// ptfSetup is where the pieces are.
type ptfSetup struct {
	dir                                                string // of what is generated
	programs, ptf, client, utils, proto, pktpy, gofino string
}

func newPTF(t *testing.T) *ptfSetup {
	p := &ptfSetup{dir: t.TempDir(), pktpy: os.Getenv("PTF_PKTPY")}
	var missing []string
	for name, to := range map[string]*string{"PTF_PROGRAMS": &p.programs, "PTF": &p.ptf, "PTF_CLIENT": &p.client, "PTF_UTILS": &p.utils, "PTF_PROTO": &p.proto} {
		if *to = os.Getenv(name); *to == "" {
			missing = append(missing, name)
		}
	}
	for _, tool := range []string{"protoc", "grpc_python_plugin", "python3", "ip", "ethtool"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	slices.Sort(missing)
	require.Empty(t, missing, "what is missing (see the top of cmd/gofino/ptf_test.go)")
	p.gofino = filepath.Join(p.dir, "gofino")
	p.run(t, "go", "build", "-o", p.gofino, ".")
	p.generate(t)
	return p
}

func (p *ptfSetup) run(t *testing.T, name string, args ...string) string {
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), out)
	return string(out)
}

// generate makes the Python side: stubs of our own proto text, and what stands in
// for parts of the vendor's environment that no test of tables needs.
func (p *ptfSetup) generate(t *testing.T) {
	stubs, helpers := filepath.Join(p.dir, "bfrt_grpc"), filepath.Join(p.dir, "p4testutils")
	for _, d := range []string{stubs, helpers, filepath.Join(p.dir, "pal_rpc"), filepath.Join(p.dir, "bin")} {
		require.NoError(t, os.MkdirAll(d, 0o755))
	}
	p.copyPython(t, p.client, stubs)
	p.copyPython(t, p.utils, helpers)
	p.run(t, "protoc", "-I", p.proto, "-I", "/usr/include", "--python_out="+p.dir, "google/rpc/status.proto", "google/rpc/code.proto")
	plugin, err := exec.LookPath("grpc_python_plugin")
	require.NoError(t, err)
	p.run(t, "protoc", "-I", "../../agent/bfrt", "-I", p.proto, "-I", "/usr/include", "--python_out="+stubs,
		"--plugin=protoc-gen-grpc_python="+plugin, "--grpc_python_out="+stubs, "bfruntime.proto")
	const thrift = `from ptf.base_tests import BaseTest
class ThriftInterface(BaseTest):
    def __init__(self, *args): BaseTest.__init__(self)
    def setUp(self): pass
    def tearDown(self): pass
class ThriftInterfaceDataPlane(ThriftInterface): pass
`
	// Newer Pythons sample no sets.
	const samples = `import random
_sample = random.Random.sample
def sample(self, population, k, **more):
    return _sample(self, sorted(population) if isinstance(population, (set, frozenset)) else population, k, **more)
random.Random.sample = sample
random.sample = random._inst.sample
`
	for name, text := range map[string]string{
		"bfrt_grpc/__init__.py": "", "p4testutils/__init__.py": "", "pal_rpc/__init__.py": "", "pal_rpc/ttypes.py": "",
		"p4testutils/pd_base_tests.py": thrift, "sitecustomize.py": samples,
		"bin/port_ifdown": "#!/bin/sh\nexec ip link set \"$1\" down\n", "bin/port_ifup": "#!/bin/sh\nexec ip link set \"$1\" up\n",
		// What the vendor's packet library imports for tools that no test uses.
		"getmac.py":    "def get_mac_address(*a, **k): return '00:00:00:00:00:01'\n",
		"netifaces.py": "def interfaces(): return []\ndef ifaddresses(i): return {}\n",
		"psutil.py":    "def net_if_addrs(): return {}\ndef net_if_stats(): return {}\n",
		"tabulate.py":  "def tabulate(*a, **k): return ''\n",
		"scapy_helper.py": "def int2mac(v): return ':'.join('%02x' % (v >> 8*i & 255) for i in range(5, -1, -1))\n" +
			"def mac2int(s): return int(s.replace(':', ''), 16)\n" +
			"def int2ip(v): return '.'.join(str(v >> 8*i & 255) for i in range(3, -1, -1))\n" +
			"def ip2int(s): return int.from_bytes(bytes(int(x) for x in s.split('.')), 'big')\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o755))
	}
}

func (p *ptfSetup) copyPython(t *testing.T, from, to string) {
	files, err := filepath.Glob(filepath.Join(from, "*.py"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no Python in %s", from)
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, filepath.Base(f)), data, 0o644))
	}
}

// ptfPort is a port of a suite: the switch has veth1, the tests veth2.
type ptfPort struct {
	Port  int  `json:"device_port"`
	Veth1 int  `json:"veth1"`
	Veth2 int  `json:"veth2"`
	Conn  *int `json:"conn_id"`
	Chnl  int  `json:"chnl_id"`
}

// ptfSuite is one folder.
type ptfSuite struct {
	name, dir, target string
	p4                string   // the name of the first program
	programs          []string // arguments of gofino run
	bundles           []string // programs that the suite loads itself, or that run
	extra             []string
	ports             []ptfPort
}

func (p *ptfSetup) suite(t *testing.T, name string) *ptfSuite {
	s := &ptfSuite{name: name, dir: filepath.Join(p.programs, name), target: "tofino", p4: name}
	first, cpu, file := 0, 64, "ports.json"
	if strings.HasPrefix(name, "t2na_") {
		s.target, first, cpu, file = "tofino2", 8, 2, "ports_tof2.json"
	}
	s.programs = []string{filepath.Join(s.dir, name+".p4")}
	if strings.Contains(name, "/") {
		// Below bri_set_forwarding_pipeline: the suites load other programs.
		s.p4 = "tna_exact_match"
		s.programs = []string{filepath.Join(p.programs, s.p4, s.p4+".p4")}
		for _, n := range strings.Fields("tna_ternary_match tna_lpm_match tna_range_match tna_action_selector tna_action_profile tna_pvs tna_port_metadata " +
			"tna_meter_lpf_wred tna_dyn_hashing tna_mirror tna_bridged_md tna_digest tna_idletimeout tna_multicast tna_register tna_counter selector_resize") {
			s.bundles = append(s.bundles, filepath.Join(p.programs, n, n+".p4"))
		}
	}
	if two := "tna_32q_multiprogram"; name == two || strings.HasSuffix(name, "/multiple_programs") {
		dir := filepath.Join(p.programs, two)
		s.programs = []string{filepath.Join(dir, "program_a", two+"_a.p4@0,2"), filepath.Join(dir, "program_b", two+"_b.p4@1,3")}
	}
	if strings.HasPrefix(name, "tna_32q_") || strings.HasSuffix(name, "/multiple_programs") {
		s.extra = []string{"--int-port-loop", "0xa"} // what the suite gives the vendor's model
	}
	if data, err := os.ReadFile(filepath.Join(s.dir, file)); err == nil {
		var m struct{ PortToVeth []ptfPort }
		require.NoError(t, json.Unmarshal(data, &m))
		s.ports = m.PortToVeth
		return s
	}
	for n := range 17 {
		s.ports = append(s.ports, ptfPort{Port: first + n, Veth1: 2 * n, Veth2: 2*n + 1})
	}
	s.ports = append(s.ports, ptfPort{Port: cpu, Veth1: 250, Veth2: 251})
	return s
}

// ptfResult is a row of the table.
type ptfResult struct {
	suite         string
	tests, passed int
	failed        []string
	seconds       int
	note          string
}

// ptfLimit bounds one suite.
const ptfLimit = 75 * time.Minute

// runSuite runs a suite in a namespace of its own.
func (p *ptfSetup) runSuite(t *testing.T, s *ptfSuite) ptfResult {
	ns := fmt.Sprintf("gofino-ptf-%d", os.Getpid())
	p.run(t, "ip", "netns", "add", ns)
	defer p.run(t, "ip", "netns", "del", ns)
	p.run(t, "ip", "-n", ns, "link", "set", "lo", "up")
	p.run(t, "ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
	args := append([]string{"netns", "exec", ns, p.gofino, "run", "--target", s.target, "-I", filepath.Join(p.programs, "common"), "-I", p.programs}, s.extra...)
	ptf := []string{"netns", "exec", ns, "python3", filepath.Join(p.ptf, "ptf"), "--test-dir", s.dir, "--socket-recv-size", "10240",
		"--log-file", filepath.Join(p.dir, "ptf.log")}
	if s.name == "tna_dyn_hashing" && p.pktpy != "" {
		ptf = append(ptf, "-pmm", "bf_pktpy.ptf.packet_pktpy") // written for the vendor's packets
	}
	for _, port := range s.ports {
		ours, theirs := fmt.Sprintf("veth%d", port.Veth1), fmt.Sprintf("veth%d", port.Veth2)
		p.run(t, "ip", "-n", ns, "link", "add", ours, "mtu", "10240", "type", "veth", "peer", "name", theirs, "mtu", "10240")
		for _, v := range []string{ours, theirs} {
			p.run(t, "ip", "-n", ns, "link", "set", v, "up")
			p.run(t, "ip", "netns", "exec", ns, "ethtool", "-K", v, "rx", "off", "tx", "off", "sg", "off", "tso", "off", "gso", "off", "gro", "off")
		}
		args = append(args, "--port", fmt.Sprintf("%d=%s", port.Port, ours))
		at := fmt.Sprintf("0-%d@%s", port.Port, theirs)
		if port.Conn != nil {
			at += fmt.Sprintf(";conn_id=%d;chnl_id=%d", *port.Conn, port.Chnl)
		}
		ptf = append(ptf, "--interface", at)
	}
	sw := exec.Command("ip", append(args, s.programs...)...)
	var said syncBuffer
	sw.Stdout, sw.Stderr = &said, &said
	require.NoError(t, sw.Start())
	defer func() {
		sw.Process.Signal(syscall.SIGTERM)
		if err := sw.Wait(); err != nil {
			t.Errorf("%s: the switch ends with %v: %s", s.name, err, said.String())
		}
	}()
	require.Eventually(t, func() bool { return strings.Contains(said.String(), "ready") }, time.Minute, 50*time.Millisecond, "%s: %s", s.name, &said)
	params := fmt.Sprintf("arch='%s';target='asic-model';num_pipes='4';grpc_server='localhost';bfrt_grpc_port='50052';thrift_server='localhost';"+
		"counter_byte_adjust='0';port_mode='100g';pkt_size='100';p4c='';reboot='none';p4_name='%s';test_seed='1';use_pi='False';traffic_gen='None';"+
		"config_file='';drivers_test_info='None';setup=False;cleanup=False;base_pick_path='%s';base_put_path='%s'",
		s.target, s.p4, filepath.Join(p.dir, "bundles")+"/", filepath.Join(p.dir, "put"))
	ctx, cancel := context.WithTimeout(t.Context(), ptfLimit)
	defer cancel()
	ptf = append(ptf, "--test-params", params)
	only := os.Getenv("PTF_TESTS")
	if only != "" {
		for _, n := range strings.Split(only, ",") {
			ptf = append(ptf, "test."+n)
		}
	}
	run := exec.CommandContext(ctx, "ip", ptf...)
	run.Dir = p.dir
	path := []string{p.dir, filepath.Join(p.dir, "bfrt_grpc"), filepath.Join(p.dir, "p4testutils"), filepath.Join(p.ptf, "src"), p.pktpy}
	run.Env = append(os.Environ(), "PYTHONPATH="+strings.Join(path, ":"), "PATH="+os.Getenv("PATH")+":"+filepath.Join(p.dir, "bin"))
	began := time.Now()
	out, err := run.CombinedOutput()
	r := ptfVerdict(s.name, out)
	r.seconds = int(time.Since(began).Seconds())
	if err != nil && len(r.failed) == 0 {
		r.note = fmt.Sprintf("%v: %s", err, bytes.TrimSpace(out[max(0, len(out)-400):]))
	}
	for _, f := range r.failed {
		t.Logf("%s %s", s.name, f)
	}
	if only != "" {
		t.Logf("%s", out)
	}
	return r
}

var (
	ptfBad = regexp.MustCompile(`(?m)^(?:ERROR|FAIL): (\S+)`)
	ptfRan = regexp.MustCompile(`(?m)^Ran (\d+) tests? in`)
)

// ptfVerdict counts what a run says.
func ptfVerdict(name string, out []byte) ptfResult {
	r := ptfResult{suite: name}
	for _, m := range ptfRan.FindAllSubmatch(out, -1) {
		n := 0
		fmt.Sscan(string(m[1]), &n)
		r.tests += n
	}
	for _, m := range ptfBad.FindAllSubmatch(out, -1) {
		if f := string(m[1]); !slices.Contains(r.failed, f) {
			r.failed = append(r.failed, f)
		}
	}
	r.passed = r.tests - len(r.failed)
	return r
}

// TestPTF runs the suites and prints the table.
func TestPTF(t *testing.T) {
	p := newPTF(t)
	names := strings.Split(os.Getenv("PTF_ONLY"), ",")
	if os.Getenv("PTF_ONLY") == "" {
		names = nil
		dirs, err := filepath.Glob(filepath.Join(p.programs, "*", "test.py"))
		require.NoError(t, err)
		for _, d := range dirs {
			name := filepath.Base(filepath.Dir(d))
			switch name {
			case "bri_with_pdfixed_thrift", "p4rt_utests": // need other servers: Thrift, P4Runtime
			default:
				names = append(names, name)
			}
		}
	}
	var table strings.Builder
	table.WriteString("| directory | tests | passed | s | not passed |\n|---|---|---|---|---|\n")
	whole := 0
	for _, name := range names {
		s := p.suite(t, name)
		for _, prog := range slices.Concat(s.programs, s.bundles) {
			file, _, _ := strings.Cut(prog, "@")
			p.run(t, p.gofino, "bundle", file, "--target", s.target, "-I", filepath.Join(p.programs, "common"), "-I", p.programs, "-o", filepath.Join(p.dir, "bundles"))
		}
		r := p.runSuite(t, s)
		row := fmt.Sprintf("| %s | %d | %d | %d | %s |\n", r.suite, r.tests, r.passed, r.seconds, strings.Join(append(r.failed, r.note), " "))
		table.WriteString(row)
		fmt.Print(row)
		if r.tests > 0 && r.passed == r.tests && r.note == "" {
			whole++
		}
	}
	fmt.Printf("%d of %d directories pass every test\n", whole, len(names))
	if f := os.Getenv("PTF_REPORT"); f != "" {
		require.NoError(t, os.WriteFile(f, []byte(table.String()), 0o644))
	}
}
