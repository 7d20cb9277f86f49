package tables

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"gofino/pipeline/ir"
)

// TestIDs: numbers that the chip's compiler gives these names (bfrt.md section
// 9: verified by recomputation).
func TestIDs(t *testing.T) {
	for _, c := range []struct {
		prefix uint32
		name   string
		want   uint32
	}{
		{idTable, "pipe.SwitchIngress.forward", 37882547},
		{idAction, "SwitchIngress.hit", 32848556},
		{idAction, "NoAction", 21257015},
		{idProfile, "pipe.SwitchIngress.example_action_selector_ap", 2174840330},
		{idSelector, "pipe.SwitchIngress.example_action_selector", 2192681240},
		{idPortMetadata, "pipe.SwitchIngressParser.$PORT_METADATA", 2426108248},
	} {
		if got := assignIDs(c.prefix, map[string]bool{c.name: true})[c.name]; got != c.want {
			t.Errorf("id of %s = %d, want %d", c.name, got, c.want)
		}
	}
}

// TestSchemaJSON compares with the recorded text; UPDATE=1 records it anew.
func TestSchemaJSON(t *testing.T) {
	var b bytes.Buffer
	if err := NewSchema(testProgram()).JSON(&b); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b.Bytes()) {
		t.Fatal("not JSON")
	}
	name := filepath.Join("testdata", "schema.json")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("schema differs from %s:\n%s", name, b.String())
	}
}

// TestFixedTablesRenderApart: what Store.Add brings is not in the program's
// schema.
func TestFixedTablesRenderApart(t *testing.T) {
	s := &Schema{Tables: []*TableSpec{
		{Name: "pipe.t", Type: "MatchAction_Direct"},
		{Name: "$PORT", Type: "PortConfigure", Fixed: true, Data: []FieldSpec{{ID: 1, Name: "$SPEED", Mandatory: true,
			Type: TypeSpec{Kind: "string", Choices: []string{"BF_SPEED_10G"}}}}},
	}}
	var own, fixed bytes.Buffer
	if err := s.JSON(&own); err != nil {
		t.Fatal(err)
	}
	if err := s.FixedJSON(&fixed); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(own.Bytes(), []byte("$PORT")) || !bytes.Contains(fixed.Bytes(), []byte(`"choices"`)) || bytes.Contains(fixed.Bytes(), []byte("pipe.t")) {
		t.Errorf("own: %s\nfixed: %s", own.String(), fixed.String())
	}
}

func TestRegisterOfParam(t *testing.T) {
	pl := &ir.Pipeline{RegActions: []*ir.RegisterAction{
		{Register: 3, Body: []ir.Stmt{&ir.Assign{X: &ir.Const{Width: 8}}}},
		{Register: 5, Body: []ir.Stmt{&ir.If{Cond: &ir.Binary{Op: ir.Gt, X: &ir.RegParam{Param: 1}, Y: &ir.Const{}}}}},
	}}
	if got := registerOfParam(pl, 1); got != 5 {
		t.Errorf("parameter 1 belongs to register %d, want 5", got)
	}
	if got := registerOfParam(pl, 0); got != -1 {
		t.Errorf("parameter 0 belongs to register %d, want none", got)
	}
}
