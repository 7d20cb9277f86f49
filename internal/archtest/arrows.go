package archtest

import (
	"slices"
	"strings"
)

// row says what the packages of one folder may import outside of tests, beside
// the standard library and the leaves.
type row struct {
	ours   []string // folders of this module; "x/..." is x and all below it
	others []string // prefixes of import paths of other modules
}

// leaves are for anyone. The other packages of internal/ have a use of their
// own and are named where they may be imported.
var leaves = []string{"internal/bits", "internal/clock", "internal/snap"}

// module is this module's name.
const module = "gofino"

// sys is where system calls come from.
const sys = "golang.org/x/sys/"

// arrows has a row for every folder with Go packages. The longest matching
// folder counts: "sfu/..." is for sfu and all below it.
var arrows = map[string]row{
	// The front end. It meets the packet path in pipeline/ir.
	"p4":        {ours: []string{"p4/syntax", "p4/types", "p4/lower", "p4/arch", "pipeline/ir"}},
	"p4/syntax": {},
	"p4/types":  {ours: []string{"p4/syntax"}},
	"p4/lower":  {ours: []string{"p4/types", "p4/syntax", "pipeline/ir"}},
	"p4/arch":   {},

	// The packet path. It never sees p4, agent or link, and no system call.
	"pipeline":      {ours: []string{"pipeline/ir", "pipeline/hash", "tables"}},
	"pipeline/ir":   {},
	"pipeline/hash": {ours: []string{"pipeline/ir"}},
	"pipeline/fit":  {ours: []string{"pipeline/ir"}},
	"tables":        {ours: []string{"pipeline/ir", "pipeline/hash"}},
	"pre":           {},
	"model":         {ours: []string{"pipeline", "pipeline/ir", "pipeline/fit", "tables", "pre"}},

	// The outside world.
	"link":      {others: []string{sys, "github.com/google/gopacket"}},
	"agent/...": {ours: []string{"tables", "agent/..."}, others: []string{"google.golang.org/grpc", "google.golang.org/protobuf", "google.golang.org/genproto"}},

	// What is built on top.
	"sfu/...":      {ours: []string{"agent/...", "model", "tables", "p4", "sfu/..."}, others: []string{"github.com/pion/"}},
	"examples/...": {ours: []string{"agent/...", "model", "tables", "p4", "examples/...", "internal/golden"}},
	"bench/...":    {ours: []string{"p4/...", "pipeline/...", "tables", "pre", "model", "link", "agent/...", "sfu/...", "examples/...", "bench/...", "internal/veth"}, others: []string{sys}},
	"cmd/...": {
		ours:   []string{"p4/...", "pipeline/...", "tables", "pre", "model", "link", "agent/...", "sfu/...", "examples/...", "bench/...", "cmd/...", "internal/golden", "internal/veth"},
		others: []string{sys, "github.com/spf13/", "github.com/pion/", "github.com/prometheus/", "github.com/chzyer/"},
	},

	// Leaves.
	"internal/archtest": {},
	"internal/bits":     {},
	"internal/clock":    {},
	"internal/fidelity": {},
	"internal/snap":     {},
	"internal/golden":   {ours: []string{"tables"}, others: []string{"golang.org/x/tools/txtar"}},
	"internal/veth":     {others: []string{sys, "github.com/vishvananda/"}},
}

// withoutGo are folders that hold no Go packages.
var withoutGo = []string{"docs"}

// ruleOf finds the row of a folder.
func ruleOf(folder string) (row, bool) {
	if r, ok := arrows[folder]; ok {
		return r, true
	}
	for at := folder; ; {
		if r, ok := arrows[at+"/..."]; ok {
			return r, true
		}
		i := strings.LastIndexByte(at, '/')
		if i < 0 {
			return row{}, false
		}
		at = at[:i]
	}
}

// allows tells whether a row allows an import path.
func (r row) allows(path string) bool {
	ours, isOurs := strings.CutPrefix(path, module+"/")
	if !isOurs {
		for _, p := range r.others {
			if strings.HasPrefix(path, p) {
				return true
			}
		}
		first, _, _ := strings.Cut(path, "/")
		return !strings.Contains(first, ".") // the standard library
	}
	if slices.Contains(leaves, ours) {
		return true
	}
	for _, p := range r.ours {
		below, tree := strings.CutSuffix(p, "/...")
		if ours == p || tree && (ours == below || strings.HasPrefix(ours, below+"/")) {
			return true
		}
	}
	return false
}

// list names what a row allows, for messages.
func (r row) list() string {
	return strings.Join(slices.Concat(leaves, r.ours, r.others), ", ")
}
