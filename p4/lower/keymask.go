package lower

import (
	"gofino/p4/syntax"
	"gofino/pipeline/ir"
)

// maxMaskedKey is the exact match crossbar of a stage, in bytes.
const maxMaskedKey = 128

// checkKeyMask refuses @dynamic_table_key_masks where the chip has none: masks
// are for exact keys (tna-semantics.md, section 10).
func (g *gress) checkKeyMask(d *syntax.TableDecl, t *ir.Table) {
	a := annotation(d.Annotations, "dynamic_table_key_masks")
	if a == nil || annotText(a) != "1" {
		return
	}
	bytes := 0
	for _, k := range t.Keys {
		if k.Kind != ir.Exact {
			g.errorf(a.Pos(), "@dynamic_table_key_masks is for exact keys: table %s has a %s one (%s)", d.Name.Value, k.Kind, k.Name)
			return
		}
		bytes += (k.Width + 7) / 8
	}
	if bytes == 0 || bytes > maxMaskedKey {
		g.errorf(a.Pos(), "@dynamic_table_key_masks: the key of table %s has %d bytes (1 to %d can be masked)", d.Name.Value, bytes, maxMaskedKey)
	}
}
