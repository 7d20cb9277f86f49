package call

import (
	"context"
	"strings"

	"gofino/tables"
)

// noFilter is a table API that takes entries of the layer filter and does
// nothing with them.
type noFilter struct{ tables.API }

func (n noFilter) Write(ctx context.Context, t tables.Target, updates []tables.Update, a tables.Atomicity) error {
	var kept []tables.Update
	for _, u := range updates {
		if !strings.HasSuffix(u.Entry.Table, "layer_filter") {
			kept = append(kept, u)
		}
	}
	return n.API.Write(ctx, t, kept, a)
}
