package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/sfu/rewrite"
)

func TestExperimentRewriting(t *testing.T) {
	code, stdout, stderr := gofino(t, "experiment", "rewriting", "--packets", "2000", "--json")
	require.Equal(t, exitOK, code, stderr)
	var rows []rewrite.Row
	require.NoError(t, json.Unmarshal([]byte(stdout), &rows))
	require.Equal(t, rewrite.Compare(2000, 42), rows)
	code, stdout, _ = gofino(t, "experiment", "rewriting", "--packets", "2000")
	require.Equal(t, exitOK, code)
	require.Contains(t, stdout, "S-LM")
	require.Contains(t, stdout, "20 %")
}
