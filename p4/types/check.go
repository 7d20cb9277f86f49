package types

import (
	"fmt"

	"gofino/p4/syntax"
)

// Config says how to check. The zero value works.
type Config struct {
	// MaxErrors ends the messages after that many errors; 0 means 20.
	MaxErrors int
}

// Check finds out what every name, type and call of a program means. Info is
// complete where there are no diagnostics of severity error; otherwise it
// holds what could be understood. Check never panics on a tree made by
// syntax, however wrong the program.
func Check(file *syntax.File, cfg Config) (*Info, []syntax.Diagnostic) {
	if cfg.MaxErrors <= 0 {
		cfg.MaxErrors = 20
	}
	c := newChecker(file, cfg)
	c.program(file)
	return c.info, c.diags
}

// checker is used by one goroutine, for one program.
type checker struct {
	info  *Info
	cfg   Config
	diags []syntax.Diagnostic
	// errors counts the errors found, warnings the warnings, also those
	// beyond the limit.
	errors, warnings int
	seen             map[string]bool // messages given, by position and text

	global *scope
	scope  *scope
	place  place
	depth  int // of expressions and types, see deeper

	params  map[syntax.Decl][]*TypeVar // type parameters of generic types
	externs map[*syntax.ExternDecl]*externInfo
	tables  map[*syntax.TableDecl]*tableInfo
	special map[string]*Struct // instances of generic structs, by typeKey
	weights map[Type]int
	open    map[Object]bool // being declared: a use is a recursion
	kinds   map[string]*MatchKindObj
	errs    map[string]*ErrorObj
	states  map[string]*StateObj // of the parser being checked
	cpNames map[string]cpName
	later   map[string]syntax.Pos // of the top level, made when a name is missing
	cpPath  []string              // names of the enclosing control or parser
}

// externInfo is what an extern type offers.
type externInfo struct {
	typ     *Extern
	ctors   []*FuncObj
	methods map[string][]*FuncObj
	names   []string // of methods, in order of declaration
}

// where tells what kind of code is being checked; some calls and statements
// are legal in some places only.
type where uint8

const (
	atTop where = iota
	inParserTop
	inState
	inControlTop
	inApply
	inAction
	inFunction
	inMethod // implementation of an abstract method
	inTable
)

func (w where) String() string {
	switch w {
	case inParserTop, inState:
		return "parsers"
	case inControlTop:
		return "the declarations of a control"
	case inApply:
		return "the apply block of a control"
	case inAction:
		return "actions"
	case inFunction:
		return "functions"
	case inMethod:
		return "methods of an extern instance"
	case inTable:
		return "tables"
	}
	return "the top level"
}

// place is the context of statements and expressions.
type place struct {
	where  where
	result Type // of the function or method; nil elsewhere
	loops  int
	this   *Extern           // in an object initializer
	table  *syntax.TableDecl // whose properties are being checked
	proto  *Proto            // the parser or control around
	nested bool              // inside the argument of another call
	sized  bool              // only the type counts: x.minSizeInBits()
}

func newChecker(file *syntax.File, cfg Config) *checker {
	c := &checker{
		info: &Info{
			File:          file,
			Types:         map[syntax.Expr]TypeAndValue{},
			TypeOf:        map[syntax.TypeExpr]Type{},
			Defs:          map[*syntax.Name]Object{},
			Uses:          map[*syntax.Name]Object{},
			Calls:         map[*syntax.CallExpr]*Call{},
			Constructions: map[*syntax.Instance]*Call{},
			Applies:       map[*syntax.DirectApply]*Call{},
			ActionRefs:    map[*syntax.ActionRef]*Call{},
			Defaults:      map[*syntax.TableProp]*Call{},
			Abstracts:     map[*syntax.FuncDecl]*FuncObj{},
		},
		cfg:     cfg,
		seen:    map[string]bool{},
		params:  map[syntax.Decl][]*TypeVar{},
		externs: map[*syntax.ExternDecl]*externInfo{},
		tables:  map[*syntax.TableDecl]*tableInfo{},
		special: map[string]*Struct{},
		weights: map[Type]int{},
		open:    map[Object]bool{},
		kinds:   map[string]*MatchKindObj{},
		errs:    map[string]*ErrorObj{},
		cpNames: map[string]cpName{},
	}
	c.global = &scope{names: map[string][]Object{}}
	c.scope = c.global
	return c
}

func (c *checker) program(file *syntax.File) {
	if file == nil {
		return
	}
	for _, d := range file.Decls {
		c.topDecl(d)
	}
}

func (c *checker) errorf(at syntax.Pos, format string, args ...any) {
	c.report(at, syntax.SevError, fmt.Sprintf(format, args...))
}

func (c *checker) warnf(at syntax.Pos, format string, args ...any) {
	c.report(at, syntax.SevWarning, fmt.Sprintf(format, args...))
}

func (c *checker) report(at syntax.Pos, sev syntax.Severity, text string) {
	count := &c.errors
	if sev == syntax.SevWarning {
		count = &c.warnings
	}
	if *count >= c.cfg.MaxErrors {
		*count++
		return
	}
	key := fmt.Sprintf("%v %s", at, text)
	if c.seen[key] {
		return
	}
	*count++
	c.seen[key] = true
	c.diags = append(c.diags, syntax.Diagnostic{At: at, Severity: sev, Text: text})
}

// maxDepth bounds the nesting of expressions, types and statements.
const maxDepth = 25_000

// deeper guards recursion: every call that returns true must be paired with
// c.depth--.
func (c *checker) deeper(at syntax.Pos) bool {
	if c.depth >= maxDepth {
		c.errorf(at, "nested more than %d levels deep", maxDepth)
		return false
	}
	c.depth++
	return true
}
