package syntax

// tok is the kind of a token.
type tok uint8

const (
	tEOF     tok = iota
	tNewline     // end of a directive line; never leaves the preprocessor
	tMarker      // an empty macro argument beside ##; never leaves the preprocessor
	tPragma      // a #pragma line
	tOther       // a character that no token starts with
	tNumber
	tString

	tName // the first word; every kind from here to lastWord is spelt like a name
	kwAbstract
	kwAction
	kwActions
	kwApply
	kwBool
	kwBit
	kwBreak
	kwConst
	kwContinue
	kwControl
	kwDefault
	kwElse
	kwEntries
	kwEnum
	kwError
	kwExit
	kwExtern
	kwFalse
	kwFor
	kwHeader
	kwHeaderUnion
	kwIf
	kwIn
	kwInout
	kwInt
	kwKey
	kwList
	kwMatchKind
	kwOut
	kwPackage
	kwParser
	kwPriority
	kwReturn
	kwSelect
	kwState
	kwString
	kwStruct
	kwSwitch
	kwTable
	kwThis
	kwTransition
	kwTrue
	kwTuple
	kwType
	kwTypedef
	kwValueSet
	kwVarbit
	kwVoid
	kwDontCare // _
	lastWord   = kwDontCare
)

const (
	tHash tok = iota + lastWord + 1
	tHashHash
	tInvalid // {#}
	tLParen
	tRParen
	tLBrace
	tRBrace
	tLBracket
	tRBracket
	tSemi
	tComma
	tColon
	tQuestion
	tAt
	tDot
	tRange // ..
	tDots  // ...
	tAssign
	tAdd
	tSub
	tMul
	tDiv
	tMod
	tAddSat
	tSubSat
	tShl
	tAnd
	tOr
	tXor
	tConcat
	tMask // &&&
	tLAnd
	tLOr
	tEq
	tNe
	tLt
	tLe
	tGt // >> is two of these, the second one glued to the first
	tGe
	tNot
	tBitNot
	tAddAssign
	tSubAssign
	tMulAssign
	tDivAssign
	tModAssign
	tAddSatAssign
	tSubSatAssign
	tShlAssign
	tAndAssign
	tOrAssign
	tXorAssign
	numTok
)

var keywords = map[string]tok{
	"abstract": kwAbstract, "action": kwAction, "actions": kwActions, "apply": kwApply,
	"bool": kwBool, "bit": kwBit, "break": kwBreak, "const": kwConst,
	"continue": kwContinue, "control": kwControl, "default": kwDefault, "else": kwElse,
	"entries": kwEntries, "enum": kwEnum, "error": kwError, "exit": kwExit,
	"extern": kwExtern, "false": kwFalse, "for": kwFor, "header": kwHeader,
	"header_union": kwHeaderUnion, "if": kwIf, "in": kwIn, "inout": kwInout, "int": kwInt,
	"key": kwKey, "list": kwList, "match_kind": kwMatchKind, "out": kwOut,
	"package": kwPackage, "parser": kwParser, "priority": kwPriority, "return": kwReturn,
	"select": kwSelect, "state": kwState, "string": kwString, "struct": kwStruct,
	"switch": kwSwitch, "table": kwTable, "this": kwThis, "transition": kwTransition,
	"true": kwTrue, "tuple": kwTuple, "type": kwType, "typedef": kwTypedef,
	"value_set": kwValueSet, "varbit": kwVarbit, "void": kwVoid, "_": kwDontCare,
}

// punctuation holds the spelling of every token that is not a word. ">>" is
// not among them: the parser joins two glued ">" where an operator may stand,
// so that nested type arguments can end in ">>".
var punctuation = [numTok]string{
	tHash: "#", tHashHash: "##", tInvalid: "{#}",
	tLParen: "(", tRParen: ")", tLBrace: "{", tRBrace: "}", tLBracket: "[", tRBracket: "]",
	tSemi: ";", tComma: ",", tColon: ":", tQuestion: "?", tAt: "@",
	tDot: ".", tRange: "..", tDots: "...",
	tAssign: "=", tAdd: "+", tSub: "-", tMul: "*", tDiv: "/", tMod: "%",
	tAddSat: "|+|", tSubSat: "|-|", tShl: "<<", tAnd: "&", tOr: "|", tXor: "^",
	tConcat: "++", tMask: "&&&", tLAnd: "&&", tLOr: "||",
	tEq: "==", tNe: "!=", tLt: "<", tLe: "<=", tGt: ">", tGe: ">=", tNot: "!", tBitNot: "~",
	tAddAssign: "+=", tSubAssign: "-=", tMulAssign: "*=", tDivAssign: "/=", tModAssign: "%=",
	tAddSatAssign: "|+|=", tSubSatAssign: "|-|=", tShlAssign: "<<=",
	tAndAssign: "&=", tOrAssign: "|=", tXorAssign: "^=",
}

// punctByFirst lists the tokens that start with a byte, longest first.
var punctByFirst = func() (table [256][]tok) {
	for length := 4; length >= 1; length-- {
		for k := tHash; k < numTok; k++ {
			if s := punctuation[k]; len(s) == length {
				table[s[0]] = append(table[s[0]], k)
			}
		}
	}
	return table
}()

// Marks on a token.
const (
	bol      uint8 = 1 << iota // first on its line
	spaced                     // space, a comment or a line end before it
	noExpand                   // names a macro that must not expand here (again)
)

// token is one token of the source, with the place where the author wrote it.
// Tokens out of a macro's body have the place where the macro was used.
type token struct {
	kind   tok
	marks  uint8
	text   string // as written; strings with their quotes
	pos    Pos
	pragma *Annotation // of a tPragma
}

func (t *token) is(mark uint8) bool { return t.marks&mark != 0 }

func (t *token) isWord() bool { return t.kind >= tName && t.kind <= lastWord }

// String is how diagnostics show a token.
func (t *token) String() string {
	switch {
	case t.kind == tEOF:
		return "end of file"
	case t.kind == tNewline:
		return "end of line"
	case t.kind == tString && len(t.text) > 40:
		return "string " + t.text[:36] + `..."`
	case t.kind == tString:
		return "string " + t.text
	case len(t.text) > 40:
		return "'" + t.text[:36] + "...'"
	}
	return "'" + t.text + "'"
}
