package lower

import (
	"fmt"

	"gofino/p4/syntax"
)

// report collects diagnostics, each text once per position.
type report struct {
	strict bool
	diags  []syntax.Diagnostic
	seen   map[string]bool
	errors int
	// work counts lowered statements; stopped ends lowering of a program that
	// inlining and unrolling make too large.
	work    int
	stopped bool
}

// maxWork is far above what fits a chip.
const maxWork = 1 << 20

// tooLarge stops lowering.
func (r *report) tooLarge(at syntax.Pos) {
	if !r.stopped {
		r.stopped = true
		r.errorf(at, "program is too large after inlining and unrolling")
	}
}

func (r *report) add(sev syntax.Severity, at syntax.Pos, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	key := fmt.Sprintf("%s:%d:%d:%s", at.File, at.Line, at.Col, text)
	if r.seen[key] {
		return
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[key] = true
	if sev == syntax.SevError {
		r.errors++
	}
	r.diags = append(r.diags, syntax.Diagnostic{At: at, Severity: sev, Text: text})
}

func (r *report) errorf(at syntax.Pos, format string, args ...any) {
	r.add(syntax.SevError, at, format, args...)
}

func (r *report) warnf(at syntax.Pos, format string, args ...any) {
	r.add(syntax.SevWarning, at, format, args...)
}

// limit reports a rule of the chip that the model itself could do without: an
// error where fidelity is strict, else a warning.
func (r *report) limit(at syntax.Pos, format string, args ...any) {
	if r.strict {
		r.errorf(at, format, args...)
		return
	}
	r.warnf(at, format, args...)
}

// unsupported refuses a feature by name.
func (r *report) unsupported(at syntax.Pos, what string) {
	r.errorf(at, "%s is not supported yet by this version", what)
}
