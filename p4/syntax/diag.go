package syntax

import "fmt"

// String is the position as "FILE:LINE:COL".
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// IsValid reports whether p names a place.
func (p Pos) IsValid() bool { return p.Line > 0 }

// String is the line that a user sees: "FILE:LINE:COL: error: TEXT".
func (d Diagnostic) String() string {
	kind := "error"
	if d.Severity == SevWarning {
		kind = "warning"
	}
	return d.At.String() + ": " + kind + ": " + d.Text
}

// defaultMaxErrors is Config.MaxErrors when it is 0.
const defaultMaxErrors = 20

// diags collects what the preprocessor, the scanner and the parser have to say.
type diags struct {
	list   []Diagnostic
	errors int
	max    int
	last   Pos
}

func newDiags(cfg *Config) *diags {
	d := &diags{max: cfg.MaxErrors}
	if d.max <= 0 {
		d.max = defaultMaxErrors
	}
	return d
}

// full reports whether reading should end.
func (d *diags) full() bool { return d.errors >= d.max }

// errorf adds an error, unless one was already reported at that very place.
func (d *diags) errorf(at Pos, format string, args ...any) {
	if d.full() || (d.errors > 0 && at == d.last) {
		return
	}
	d.errors++
	d.last = at
	d.list = append(d.list, Diagnostic{at, SevError, fmt.Sprintf(format, args...)})
}

func (d *diags) warnf(at Pos, format string, args ...any) {
	if !d.full() {
		d.list = append(d.list, Diagnostic{at, SevWarning, fmt.Sprintf(format, args...)})
	}
}
