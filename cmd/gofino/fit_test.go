package main

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

const fitFolder = "../../pipeline/fit/testdata/"

func runFit(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), append([]string{"fit"}, args...), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// TestFitJSONIsTheContract: the names that scripts rely on.
func TestFitJSONIsTheContract(t *testing.T) {
	for name, args := range map[string][]string{
		"source":  {fitFolder + "shop.p4", "--json"},
		"context": {fitFolder + "shop.p4", "--json", "--context", fitFolder + "context.json"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := runFit(t, args...)
			require.Equal(t, exitOK, code, errs)
			var r map[string]any
			require.NoError(t, json.Unmarshal([]byte(out), &r))
			require.Equal(t, "tofino", r["target"])
			require.Equal(t, name == "source", r["estimate"])
			for _, g := range []string{"ingress", "egress"} {
				gress := r["gress"].(map[string]any)[g].(map[string]any)
				require.Contains(t, gress, "latency_cycles")
				stages := gress["stages"].([]any)
				require.NotEmpty(t, stages)
				for i, s := range stages {
					s := s.(map[string]any)
					require.EqualValues(t, i, s["stage"])
					require.NotNil(t, s["tables"], "an empty stage has an empty list")
					require.Contains(t, []any{"match", "action", "concurrent"}, s["dependency"])
					for _, k := range []string{"clock_cycles", "predication_cycle", "cycles_contribute_to_latency"} {
						require.Positive(t, s[k], k)
					}
				}
			}
		})
	}
}

func TestFitSaysWhatIsWrong(t *testing.T) {
	code, _, errs := runFit(t)
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "fit: want one P4 file")

	code, _, errs = runFit(t, fitFolder+"shop.p4", "--context", fitFolder+"none.json")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "open context")

	code, _, errs = runFit(t, fitFolder+"shop.p4", "--context", fitFolder+"shop.p4")
	require.Equal(t, exitFailed, code)
	require.Contains(t, errs, "read context")

	code, _, errs = runFit(t, "other.p4", "--context", fitFolder+"context.json")
	require.Equal(t, exitOK, code)
	require.Contains(t, errs, `warning: it is of program "shop", not of "other"`)
}
