package pipeline

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"gofino/pipeline/ir"
)

// Sink receives what a traced run does, in order. The event belongs to the sink.
type Sink interface{ Event(Event) }

// Event is one step of a traced run.
type Event struct {
	Kind Kind   `json:"kind"`
	Dir  string `json:"gress"`
	// Cycle counts from the first parser state of the gress: a state's own, the
	// one at which a statement's stage has all that it waits for (timing.md
	// section 2), or the one after the last stage.
	Cycle int `json:"cycle"`
	// Pos is the step's place in the P4 source.
	Pos Pos `json:"pos,omitzero"`
	// Name of the state, header, field, table or extern instance.
	Name string `json:"name,omitempty"`
	// Attrs are the details, in a fixed order per Kind; names are documented
	// at the Kind.
	Attrs []Attr `json:"attrs,omitempty"`
}

// Attr is one detail of an event. Numbers are written 0x..., as wide as the
// field; a length or offset in the packet in bytes, "14", or, where it is not
// whole bytes, "35+2 bits".
type Attr struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Get returns the value of the attribute called name, "" where there is none.
func (e *Event) Get(name string) string {
	for _, a := range e.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Pos is ir.Pos, written "FILE:LINE:COL" in JSON.
type Pos ir.Pos

func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// MarshalJSON writes the position as one string.
func (p Pos) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// UnmarshalJSON reads it back.
func (p *Pos) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*p = Pos{File: s}
	parts := strings.Split(s, ":")
	if n := len(parts); n > 2 {
		line, err1 := strconv.Atoi(parts[n-2])
		col, err2 := strconv.Atoi(parts[n-1])
		if err1 == nil && err2 == nil {
			*p = Pos{File: strings.Join(parts[:n-2], ":"), Line: line, Col: col}
		}
	}
	return nil
}

// Kind of an event.
type Kind uint8

const (
	KindState     Kind = iota // a parser state is entered
	KindExtract               // header extracted: offset, bytes, data
	KindAdvance               // bytes skipped: bytes
	KindLookahead             // field read ahead: value
	KindSelect                // select decided: key..., next
	KindCounter               // parser counter: old, new
	KindParserEnd             // the parser ended: error, consumed, verdict
	KindAssign                // a field changed: old, new
	KindBranch                // an if or switch decided: taken
	KindValid                 // header validity set: valid
	KindStack                 // push or pop of a header stack: op, count, next
	KindTable                 // a table was applied: key..., result (hit, miss), action, handle, priority, data...
	KindHash                  // hash computed: input, value
	KindRandom                // random drawn: value
	KindCount                 // counter counted: index, packets, bytes
	KindRegister              // register cell touched: op, index, old, new, result
	KindMath                  // math unit: input, value
	KindChecksum              // checksum unit or update: op, value
	KindExit                  // exit
	KindEmit                  // header emitted: bytes, data
	KindMirror                // mirror emitted: session, data
	KindResubmit              // resubmit emitted: data
	KindDeparser              // the deparser ended: head
	KindDigest                // digest packed: data, then each field
	KindPktgen                // packet generator context emitted: data
	KindMeter                 // meter or filter executed: index, bytes, color; or value, result
)

var kindNames = [...]string{
	"state", "extract", "advance", "lookahead", "select", "counter", "parser_end", "assign", "branch", "valid", "stack",
	"table", "hash", "random", "count", "register", "math", "checksum", "exit", "emit", "mirror", "resubmit", "deparser",
	"digest", "pktgen", "meter",
}

func (k Kind) String() string { return kindNames[k] }

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads it back.
func (k *Kind) UnmarshalText(b []byte) error {
	for i, n := range kindNames {
		if n == string(b) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("read event kind: no kind %q", b)
}
