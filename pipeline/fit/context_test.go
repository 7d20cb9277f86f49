package fit_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/pipeline/fit"
)

// testdata/context.json is written by hand in the form of a compiler's; its
// chip has four stages to be short.
func readContext(t *testing.T) *fit.Report {
	t.Helper()
	file, err := os.Open("testdata/context.json")
	require.NoError(t, err)
	defer file.Close()
	r, err := fit.ReadContext(file)
	require.NoError(t, err)
	return r
}

// timing.md section 2.3: the file's numbers are the chip's, nothing is added
// but the corner.
func TestContextIsTakenAsItIs(t *testing.T) {
	r := readContext(t)
	require.False(t, r.Estimate)
	require.Equal(t, "shop", r.Program)
	require.Equal(t, "tofino", r.Target)
	in := r.Gress["ingress"]
	require.Equal(t, 22+2+24+1+4, in.LatencyCycles)
	require.Equal(t, 20+20+1+1+4, r.Gress["egress"].LatencyCycles)
	for i, want := range []fit.Stage{
		{Stage: 0, Dependency: fit.Match, ClockCycles: 22, PredCycle: 13, Contributes: 22},
		{Stage: 1, Dependency: fit.Action, ClockCycles: 22, PredCycle: 13, Contributes: 2},
		{Stage: 2, Dependency: fit.Match, ClockCycles: 24, PredCycle: 11, Contributes: 24},
		{Stage: 3, Dependency: fit.Concurrent, ClockCycles: 24, PredCycle: 11, Contributes: 1},
	} {
		got := *in.Stages[i]
		got.Tables, got.Conditions, got.ActionData, got.Held = nil, nil, nil, nil
		require.Equal(t, want, got)
	}
}

// Tables lie where the file says: split ones in each of their stages, ALPM in
// the stages of both halves, the parser's in none.
func TestContextTables(t *testing.T) {
	r := readContext(t)
	var got []string
	for _, s := range r.Gress["ingress"].Stages {
		got = append(got, strings.Join(s.Tables, " "))
	}
	require.Equal(t, []string{"I.doorman I.visits", "I.counter", "I.counter I.window", "I.window"}, got)
	require.Equal(t, []string{"cond-0"}, r.Gress["ingress"].Stages[0].Conditions)
	require.Equal(t, []string{"I.counter$action"}, r.Gress["ingress"].Stages[2].ActionData)
	require.Equal(t, []string{"E.tag"}, r.Gress["egress"].Stages[1].Tables)
	require.Equal(t, 4, r.Gress["ingress"].StagesUsed)
	require.Equal(t, 2, r.Gress["egress"].StagesUsed)
}

// What is used is counted from the file's memory blocks; a counter's block has
// a map RAM with it, and a spare.
func TestContextUse(t *testing.T) {
	use := readContext(t).Pipelines[0].Use
	require.Equal(t, fit.Use{Logical: 2, Ternary: 1, SRAM: 3, MapRAM: 2, TCAM: 4, Gateways: 1, StatsALU: 1}, use[0])
	require.Equal(t, fit.Use{Logical: 2, SRAM: 2}, use[1], "a table without entries takes no TCAM")
	require.Equal(t, 3, use[2].SRAM)
}

func TestContextReport(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, readContext(t).Write(&out))
	golden(t, "testdata/context.txt", out.Bytes())
}

func TestContextErrors(t *testing.T) {
	const stage = `{"stage":0,"gress":"%","match_dependent":true}`
	both := strings.ReplaceAll(stage, "%", "ingress") + "," + strings.ReplaceAll(stage, "%", "egress")
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":       {`{`, "read context: unexpected EOF"},
		"not a context": {`{"target":"tofino"}`, "no mau_stage_characteristics"},
		"other chip":    {`{"target":"tofino9"}`, `unknown target "tofino9" (targets: tofino, tofino2)`},
		"a hole":        {`{"target":"tofino","mau_stage_characteristics":[{"stage":1,"gress":"ingress"}]}`, "ingress has no stage 0"},
		"past the end": {`{"target":"tofino","mau_stage_characteristics":[` + both + `],"tables":[{"name":"x","direction":"ingress","table_type":"match","stage_tables":[{"stage_number":7}]}]}`,
			`table "x" is in stage 7 of "ingress", which is not described`},
		"odd shapes": {`{"target":"tofino","tables":[{"name":3}]}`, "read context"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fit.ReadContext(strings.NewReader(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func FuzzReadContext(f *testing.F) {
	b, err := os.ReadFile("testdata/context.json")
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte(`{"target":"tofino2"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := fit.ReadContext(bytes.NewReader(b)); err == nil {
			require.NoError(t, r.Write(new(bytes.Buffer)))
		}
	})
}
