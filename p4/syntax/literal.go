package syntax

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Bounds of a number literal.
const (
	maxLiteralText  = 1 << 16 // characters
	maxLiteralWidth = 1 << 20 // bits
)

// parseNumber reads a number literal: [WIDTH (w|s)] [0x|0b|0o|0d] digits, with
// underscores between digits.
func parseNumber(text string) (lit *IntLit, err error) {
	if len(text) > maxLiteralText {
		return nil, fmt.Errorf("number has more than %d characters", maxLiteralText)
	}
	lit = &IntLit{Base: 10}
	digits := text
	if i := strings.IndexAny(text, "ws"); i > 0 && decimal(text[:i]) {
		w, werr := strconv.Atoi(strings.ReplaceAll(text[:i], "_", ""))
		if werr != nil || w > maxLiteralWidth {
			return nil, fmt.Errorf("width of number '%s' is more than %d bits", text, maxLiteralWidth)
		}
		if w == 0 {
			return nil, fmt.Errorf("width of number '%s' is 0", text)
		}
		lit.Width, lit.Signed = w, text[i] == 's'
		digits = text[i+1:]
	}
	if len(digits) > 1 && digits[0] == '0' {
		switch digits[1] {
		case 'x', 'X':
			lit.Base = 16
		case 'b', 'B':
			lit.Base = 2
		case 'o', 'O':
			lit.Base = 8
		case 'd', 'D':
			lit.Base = 10
		}
		if c := digits[1]; isLetter(c) && c != '_' {
			digits = digits[2:]
		}
	}
	digits = strings.ReplaceAll(digits, "_", "")
	if digits == "" {
		return nil, fmt.Errorf("number '%s' has no digits", text)
	}
	value, ok := new(big.Int).SetString(digits, lit.Base)
	if !ok {
		return nil, fmt.Errorf("'%s' is not a number in base %d", text, lit.Base)
	}
	lit.Value = value
	return lit, nil
}

func decimal(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) && s[i] != '_' {
			return false
		}
	}
	return true
}

// unquote returns the value of a string literal. \" \\ \n \t \r are decoded,
// any other backslash stands for itself.
func unquote(text string) string {
	text = strings.TrimPrefix(text, `"`)
	if !strings.Contains(text, `\`) {
		return strings.TrimSuffix(text, `"`)
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '"' {
			break
		}
		if c == '\\' && i+1 < len(text) {
			if j := strings.IndexByte(`"\ntr`, text[i+1]); j >= 0 {
				c = "\"\\\n\t\r"[j]
				i++
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// quote is the literal whose value is s.
func quote(s string) string {
	return `"` + quoter.Replace(s) + `"`
}

var quoter = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`)
