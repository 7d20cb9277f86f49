package golden

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Vector is one parsed STF file.
type Vector struct {
	Name     string
	Commands []Command
}

// Command is one line of a vector.
type Command struct {
	Line int
	Verb string
	// Table is the table, profile, selector, counter or register that the
	// command names.
	Table string
	// Priority of an add: higher wins. HasPriority tells whether one was given.
	Priority    int
	HasPriority bool
	Keys        []KeyArg
	Action      string
	Params      []Arg
	// Args are what is left for the other verbs: NAME:VALUE, NAME=VALUE or
	// plain words.
	Args []Arg
	// Port, Data, Care and Exact describe packet and expect.
	Port  int
	Data  []byte
	Care  []byte // a bit is 1 where the byte must match
	Exact bool   // nothing may follow
}

// KeyArg is one NAME:VALUE of a key.
type KeyArg struct {
	Name  string
	Value Number
	// Mask is set where the text has wildcards or &&&; Prefix >= 0 for
	// VALUE/LEN; Hi for LO..HI.
	Mask   *big.Int
	Prefix int
	Hi     *big.Int
	// Digits is the number of bits that the text spells out.
	Digits int
}

// Arg is a NAME:VALUE or NAME=VALUE; Name is empty for a plain word.
type Arg struct {
	Name string
	Text string
}

// Number is a value of a vector.
type Number = *big.Int

// verbs and what they take, for error texts and docs.
var verbs = []string{
	"add", "setdefault", "del", "clear", "packet", "expect", "wait", "no_packet",
	"check_counter", "check_register", "register",
	"member", "group", "value_set", "port_metadata",
	"mc_node", "mc_group", "mc_ecmp", "mc_lag", "mc_prune", "mc_backup", "cpu_port",
	"mirror", "port", "recirculation", "set", "check", "time",
}

// Recirculates tells whether the vector wants the chip's recirculation ports to
// recirculate. Without "recirculation" they are ports like any other: vectors
// of generators expect frames to leave there.
func (v *Vector) Recirculates() bool {
	return slices.ContainsFunc(v.Commands, func(c Command) bool { return c.Verb == "recirculation" })
}

// WithoutChecks is the vector with its setup and packets only.
func (v *Vector) WithoutChecks() *Vector {
	w := &Vector{Name: v.Name}
	for _, c := range v.Commands {
		switch c.Verb {
		case "expect", "no_packet", "check_counter", "check_register", "check":
		default:
			w.Commands = append(w.Commands, c)
		}
	}
	return w
}

// Parse reads STF text. An error names the line.
func Parse(name, text string) (*Vector, error) {
	v := &Vector{Name: name}
	for i, line := range strings.Split(text, "\n") {
		if h := strings.IndexByte(line, '#'); h >= 0 {
			line = line[:h]
		}
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		c, err := parseCommand(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
		c.Line = i + 1
		v.Commands = append(v.Commands, *c)
	}
	return v, nil
}

func parseCommand(line string) (*Command, error) {
	words := splitWords(line)
	c := &Command{Verb: words[0]}
	rest := words[1:]
	switch c.Verb {
	case "packet", "expect":
		return c, c.parsePacket(rest)
	case "wait", "no_packet", "recirculation":
		if len(rest) != 0 {
			return nil, fmt.Errorf("%s takes no arguments", c.Verb)
		}
		return c, nil
	case "add", "setdefault", "del", "member":
		return c, c.parseEntry(rest)
	default:
		for _, v := range verbs {
			if v == c.Verb {
				return c, c.parseArgs(rest)
			}
		}
	}
	return nil, fmt.Errorf("unknown command %q (commands: %s)", c.Verb, strings.Join(verbs, ", "))
}

// splitWords splits at blanks, but keeps what stands in parentheses together.
func splitWords(line string) []string {
	var words []string
	depth, start := 0, -1
	for i, r := range line {
		blank := r == ' ' || r == '\t'
		switch {
		case r == '(':
			depth++
		case r == ')' && depth > 0:
			depth--
		}
		if blank && depth == 0 {
			if start >= 0 {
				words = append(words, line[start:i])
				start = -1
			}
		} else if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		words = append(words, line[start:])
	}
	return words
}

// parsePacket reads PORT HEX[$]; the hex digits may be split by blanks.
func (c *Command) parsePacket(w []string) error {
	if len(w) == 0 {
		return fmt.Errorf("%s needs a port and bytes", c.Verb)
	}
	port, err := strconv.ParseUint(w[0], 0, 16)
	if err != nil {
		return fmt.Errorf("%s: port %q is not a number", c.Verb, w[0])
	}
	c.Port = int(port)
	if len(w) == 1 {
		return fmt.Errorf("%s %s: no bytes", c.Verb, w[0])
	}
	text := strings.Join(w[1:], "")
	if c.Verb == "expect" {
		if t, ok := strings.CutSuffix(text, "$"); ok {
			text, c.Exact = t, true
		}
	}
	if len(text)%2 != 0 {
		return fmt.Errorf("%s: odd number of hex digits (%d)", c.Verb, len(text))
	}
	if c.Verb == "packet" {
		if c.Data, err = hex.DecodeString(text); err != nil {
			return fmt.Errorf("packet: %v", err)
		}
		return nil
	}
	c.Data = make([]byte, len(text)/2)
	c.Care = make([]byte, len(text)/2)
	for i := range len(text) {
		shift := 4 * (1 - i%2)
		if text[i] == '*' {
			continue
		}
		d, err := strconv.ParseUint(text[i:i+1], 16, 8)
		if err != nil {
			return fmt.Errorf("expect: %q is not a hex digit or *", text[i])
		}
		c.Data[i/2] |= byte(d) << shift
		c.Care[i/2] |= 0xf << shift
	}
	return nil
}

// parseEntry reads TABLE [PRIORITY] KEY:VALUE... [ACTION(PARAM:VALUE,...)] and,
// for member, PROFILE ID ACTION(...).
func (c *Command) parseEntry(w []string) error {
	if len(w) == 0 {
		return fmt.Errorf("%s needs a table", c.Verb)
	}
	c.Table, w = w[0], w[1:]
	if len(w) > 0 {
		if p, err := strconv.ParseInt(w[0], 0, 64); err == nil {
			c.Priority, c.HasPriority, w = int(p), true, w[1:]
		}
	}
	for i, word := range w {
		if open := strings.IndexByte(word, '('); open >= 0 {
			if i != len(w)-1 {
				return fmt.Errorf("%s: %q after the action", c.Verb, w[i+1])
			}
			return c.parseAction(word, open)
		}
		k, err := parseKey(word)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Verb, err)
		}
		c.Keys = append(c.Keys, *k)
	}
	if c.Verb != "del" && !c.refersToMember() {
		return fmt.Errorf("%s: no action: want ACTION(PARAM:VALUE, ...)", c.Verb)
	}
	return nil
}

// refersToMember: the entry names a profile member or selector group instead
// of an action. The reference looks like a key; it is moved to Args.
func (c *Command) refersToMember() bool {
	n := len(c.Keys)
	if n == 0 {
		return false
	}
	last := c.Keys[n-1]
	if last.Name != "$ACTION_MEMBER_ID" && last.Name != "$SELECTOR_GROUP_ID" {
		return false
	}
	c.Keys = c.Keys[:n-1]
	c.Args = append(c.Args, Arg{Name: last.Name, Text: last.Value.String()})
	return true
}

func (c *Command) parseAction(word string, open int) error {
	body, ok := strings.CutSuffix(word[open+1:], ")")
	if !ok {
		return fmt.Errorf("%s: missing ')' after the action's parameters", c.Verb)
	}
	c.Action = word[:open]
	for _, p := range strings.Split(body, ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		name, text, ok := cutArg(p)
		if !ok {
			return fmt.Errorf("%s: parameter %q: want NAME:VALUE", c.Verb, p)
		}
		if _, _, err := parseNumber(text); err != nil {
			return fmt.Errorf("%s: parameter %s: %w", c.Verb, name, err)
		}
		c.Params = append(c.Params, Arg{Name: name, Text: text})
	}
	return nil
}

func (c *Command) parseArgs(w []string) error {
	for i, word := range w {
		if i == 0 && tableVerb[c.Verb] {
			c.Table = word
			continue
		}
		if name, text, ok := cutArg(word); ok {
			c.Args = append(c.Args, Arg{Name: name, Text: text})
		} else {
			c.Args = append(c.Args, Arg{Text: word})
		}
	}
	if tableVerb[c.Verb] && c.Table == "" {
		return fmt.Errorf("%s needs a name", c.Verb)
	}
	return nil
}

// tableVerb: these verbs name a table first.
var tableVerb = map[string]bool{
	"clear": true, "check_counter": true, "check_register": true, "register": true,
	"group": true, "value_set": true, "set": true, "check": true,
}

// cutArg splits NAME:VALUE or NAME=VALUE at the last separator of the name
// (names may hold "[7:4]").
func cutArg(s string) (name, value string, ok bool) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ':', '=':
			if depth == 0 {
				return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:]), true
			}
		}
	}
	return "", s, false
}

func parseKey(word string) (*KeyArg, error) {
	name, text, ok := cutArg(word)
	if !ok || name == "" {
		return nil, fmt.Errorf("key %q: want NAME:VALUE", word)
	}
	k := &KeyArg{Name: name, Prefix: -1}
	if lo, hi, ok := strings.Cut(text, ".."); ok {
		var err error
		if k.Value, _, err = parseNumber(lo); err == nil {
			k.Hi, _, err = parseNumber(hi)
		}
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", name, err)
		}
		return k, nil
	}
	if v, m, ok := strings.Cut(text, "&&&"); ok {
		var err error
		if k.Value, _, err = parseNumber(v); err == nil {
			k.Mask, _, err = parseNumber(m)
		}
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", name, err)
		}
		return k, nil
	}
	if v, l, ok := strings.Cut(text, "/"); ok {
		n, err := strconv.ParseUint(l, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("key %s: prefix length %q is not a number", name, l)
		}
		text, k.Prefix = v, int(n)
	}
	return k, k.parseValue(text)
}

// parseValue reads a number that may have wildcard digits.
func (k *KeyArg) parseValue(text string) error {
	if !strings.Contains(text, "*") {
		v, bits, err := parseNumber(text)
		if err != nil {
			return fmt.Errorf("key %s: %w", k.Name, err)
		}
		k.Value, k.Digits = v, bits
		return nil
	}
	if text == "*" {
		k.Value, k.Mask = new(big.Int), new(big.Int)
		return nil
	}
	per := 0
	switch {
	case strings.HasPrefix(text, "0b"):
		per = 1
	case strings.HasPrefix(text, "0x"):
		per = 4
	default:
		return fmt.Errorf("key %s: wildcards need 0x or 0b: %q", k.Name, text)
	}
	value, mask := new(big.Int), new(big.Int)
	for _, r := range text[2:] {
		value.Lsh(value, uint(per))
		mask.Lsh(mask, uint(per))
		k.Digits += per
		if r == '*' {
			continue
		}
		d, err := strconv.ParseUint(string(r), 1<<per, 8)
		if err != nil {
			return fmt.Errorf("key %s: bad digit %q in %q", k.Name, r, text)
		}
		value.Or(value, new(big.Int).SetUint64(d))
		mask.Or(mask, big.NewInt(1<<per-1))
	}
	k.Value, k.Mask = value, mask
	return nil
}

// maxDigits bounds a number in a vector (4096 bits in binary).
const maxDigits = 4096

// parseNumber reads 0x, 0b, 0o or decimal; bits is how many the text spells out
// (0 for decimal).
func parseNumber(text string) (v *big.Int, bits int, err error) {
	if len(text) > maxDigits {
		return nil, 0, fmt.Errorf("number of %d digits is too long", len(text))
	}
	clean := strings.ReplaceAll(text, "_", "")
	v, ok := new(big.Int).SetString(clean, 0)
	if !ok || v.Sign() < 0 {
		return nil, 0, fmt.Errorf("%q is not a number (0x.., 0b.., decimal)", text)
	}
	switch {
	case strings.HasPrefix(clean, "0x"):
		bits = 4 * (len(clean) - 2)
	case strings.HasPrefix(clean, "0b"):
		bits = len(clean) - 2
	}
	return v, bits, nil
}
