package agent_test

import (
	"context"
	"fmt"
	"net"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gofino/agent"
	"gofino/internal/clock"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// suite compiles testdata/suite.p4, which has a table of every kind.
func suite(t testing.TB) *ir.Program {
	t.Helper()
	prog, diags := p4.Compile("testdata/suite.p4", p4.Options{})
	for _, d := range diags {
		t.Log(d)
	}
	require.NotNil(t, prog)
	return prog
}

// newSwitch makes a switch that runs suite.p4, in virtual time.
func newSwitch(t testing.TB) *model.Switch {
	t.Helper()
	sw, err := model.New(suite(t), model.Config{Pipes: 2, StrictPorts: true, Clock: new(clock.Virtual)})
	require.NoError(t, err)
	t.Cleanup(sw.Close)
	return sw
}

// serve puts a server on the loopback in front of programs.
func serve(t testing.TB, dev agent.Device, c agent.Config) (s *agent.Server, address string) {
	t.Helper()
	s = agent.NewServer(dev, c)
	l, err := s.Listen("127.0.0.1:0")
	require.NoError(t, err)
	serveOn(t, s, l)
	return s, l.Addr().String()
}

func serveOn(t testing.TB, s *agent.Server, l net.Listener) {
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		require.NoError(t, <-done)
	})
}

func dial(t testing.TB, c agent.ClientConfig) *agent.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cl, err := agent.Dial(ctx, c)
	require.NoError(t, err)
	t.Cleanup(func() { cl.Close() })
	return cl
}

// served is a switch, its server and a client of it.
type served struct {
	sw     *model.Switch
	server *agent.Server
	client *agent.Client
	at     string
}

func newServed(t testing.TB) *served {
	t.Helper()
	s := &served{sw: newSwitch(t)}
	s.server, s.at = serve(t, agent.Programs{{Name: "suite", API: s.sw.API()}}, agent.Config{})
	s.client = dial(t, agent.ClientConfig{Address: s.at, Program: "suite"})
	return s
}

// text is entries as a test compares them: without handles, which the wire does
// not carry with entries.
func text(t testing.TB, api tables.API, target tables.Target, q tables.Query) string {
	t.Helper()
	var b strings.Builder
	for e, err := range api.Read(context.Background(), target, q) {
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
			break
		}
		fmt.Fprintf(&b, "%s default=%v key=%v action=%q scope=%v\n", e.Table, e.Default, keyText(e.Key), e.Action, e.Scope)
		for _, f := range e.Data {
			fmt.Fprintf(&b, "  %s=%#v\n", f.Name, f.Value)
		}
	}
	return b.String()
}

func keyText(key []tables.KeyField) string {
	var out []string
	for _, k := range key {
		out = append(out, fmt.Sprintf("%s=%x&%x/%d..%x%q", k.Name, k.Value, k.Mask, k.PrefixLen, k.High, k.Str))
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}

// everything reads all tables that can be read as a whole.
func everything(t testing.TB, api tables.API, skip func(*tables.TableSpec) bool) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, s := range api.Schema().Tables {
		if skip == nil || !skip(s) {
			out[s.Name] = text(t, api, tables.AllPipes, tables.Query{Table: s.Name, FromHW: true})
		}
	}
	return out
}
