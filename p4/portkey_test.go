package p4_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gofino/p4"
	"gofino/tables"
)

// The key of the port metadata table is called after the ingress parser's
// parameter (bri_handle calls it otherwise than everyone else).
func TestPortMetadataKeyName(t *testing.T) {
	src, err := os.ReadFile("../model/testdata/learn.p4")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ig", "intr_md"} {
		text := strings.NewReplacer("ingress_intrinsic_metadata_t ig)", "ingress_intrinsic_metadata_t "+name+")", "pkt.extract(ig)", "pkt.extract("+name+")").Replace(string(src))
		file := filepath.Join(t.TempDir(), "p.p4")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		prog, diags := p4.Compile(file, p4.Options{})
		if prog == nil {
			t.Fatal(diags)
		}
		for _, s := range tables.NewSchema(prog).Tables {
			if s.Type == "PortMetadata" && s.Key[0].Name != name+".ingress_port" {
				t.Errorf("the key is called %s", s.Key[0].Name)
			}
		}
	}
}
