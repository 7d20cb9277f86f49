package fit

import "gofino/pipeline/ir"

// kind of a node.
type kind uint8

const (
	keyed         kind = iota // a table of the program with a key
	keyless                   // a table without a key, or bare statements
	gateway                   // a condition
	preclassifier             // the TCAM half of an ALPM table
	checksum                  // the bits that tell a deparser which checksum to send
)

func (k kind) String() string {
	return [...]string{"match", "action", "condition", "preclassifier", "checksum"}[k]
}

// node is one logical table before placement.
type node struct {
	id    int
	kind  kind
	name  string
	dir   ir.Dir
	pos   ir.Pos
	table *ir.Table   // nil for bare statements and conditions
	index int         // in Pipeline.Tables, -1
	key   []ir.Expr   // of a key, or the condition
	body  []ir.Stmt   // of bare statements
	run   [][]ir.Stmt // the actions' bodies
	acc   access      // after cleaning
	own   set         // the key, what the table itself reads at the crossbar
	needs needs
	next  []branch
	in    []*seq // where it is listed
	p     *places
	// preclassifies is the table that a preclassifier is for.
	preclassifies *node

	// What later tables ask of it (score.go).
	tail, tailData, span, after int
	dominated                   []*node
}

// branch is what runs after one outcome of a table.
type branch struct {
	label string // $hit, $miss, $true, $false or an action's name
	seq   *seq
	// via are the actions (indices of node.run) that can have run before it.
	via []int
}

// seq is a list of tables that run in order.
type seq struct {
	id    int
	nodes []*node
	in    []*node // whose branch it is; none at the top
}

func (s *seq) push(n *node) {
	s.nodes = append(s.nodes, n)
	n.in = append(n.in, s)
}

// thread is the graph of one gress.
type thread struct {
	dir   ir.Dir
	g     *ir.Gress
	p     *places
	top   *seq
	nodes []*node
	// before[a] has b when some packet meets a and then b.
	before []set
	// narrow[a][b] is what a writes before b, where b hangs on an outcome of a
	// that not all of a's actions lead to.
	narrow map[*node]map[*node]set
	dep    [][]edge // by the later node
	// turn[s][i] lists the tables of a sequence with all that hangs on them
	// that must be placed before its i-th may begin: where a packet follows
	// one chain of next tables, two branches cannot be mixed.
	turn map[*seq][][]*node
}

// walk visits a sequence and all below it; a shared table is visited once for
// each place.
func (s *seq) walk(f func(*node)) {
	for _, n := range s.nodes {
		f(n)
		for _, b := range n.next {
			b.seq.walk(f)
		}
	}
}

// each visits every node once, in program order.
func (s *seq) each(f func(*node)) {
	seen := map[*node]bool{}
	var visit func(*seq)
	visit = func(s *seq) {
		for _, n := range s.nodes {
			if seen[n] {
				continue
			}
			seen[n] = true
			f(n)
			for _, b := range n.next {
				visit(b.seq)
			}
		}
	}
	visit(s)
}
