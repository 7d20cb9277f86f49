package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/chzyer/readline"
	"github.com/spf13/cobra"

	"gofino/tables"
)

// shell runs commands: of a script, of the terminal, or of a pipe. A script ends
// at its first error; a terminal goes on.
func (x *ctl) shell(ctx context.Context, in io.Reader, stderr io.Writer) error {
	if x.script != "" && x.script != "-" {
		f, err := os.Open(x.script)
		if err != nil {
			return fmt.Errorf("read commands: %w", err)
		}
		defer f.Close()
		return x.lines(ctx, f, x.script)
	}
	if f, ok := in.(*os.File); ok && x.script == "" && readline.IsTerminal(int(f.Fd())) {
		return x.interactive(ctx, stderr)
	}
	return x.lines(ctx, in, "standard input")
}

func (x *ctl) lines(ctx context.Context, in io.Reader, name string) error {
	s := bufio.NewScanner(in)
	for n := 1; s.Scan(); n++ {
		if err := x.line(ctx, s.Text()); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return s.Err()
}

// line runs one command. io.EOF means that it was the last.
func (x *ctl) line(ctx context.Context, text string) error {
	if at := strings.Index(text, "#"); at >= 0 {
		text = text[:at]
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil
	}
	switch words[0] {
	case "exit", "quit":
		return io.EOF
	case "help":
		for _, n := range verbNames() {
			fmt.Fprintf(x.out, "%-58s  %s\n", verbs[n].use, verbs[n].short)
		}
		return nil
	}
	v, ok := verbs[words[0]]
	if !ok {
		return fmt.Errorf("no verb %q (verbs: %s, help, exit)", words[0], strings.Join(verbNames(), ", "))
	}
	if err := v.check(words[0], words[1:]); err != nil {
		return err
	}
	return v.run(x, ctx, words[1:])
}

// interactive reads a terminal, with history and completion.
func (x *ctl) interactive(ctx context.Context, stderr io.Writer) error {
	api, err := x.tables(ctx)
	if err != nil {
		return err
	}
	history := ""
	if dir, err := os.UserCacheDir(); err == nil {
		history = filepath.Join(dir, "gofino-ctl-history")
	}
	r, err := readline.NewEx(&readline.Config{
		Prompt: "gofino> ", HistoryFile: history, InterruptPrompt: "^C", EOFPrompt: "exit",
		AutoComplete: completer{api.Schema()},
	})
	if err != nil {
		return fmt.Errorf("read the terminal: %w", err)
	}
	defer r.Close()
	for ctx.Err() == nil {
		text, err := r.Readline()
		if errors.Is(err, readline.ErrInterrupt) {
			continue
		}
		if err != nil {
			return nil
		}
		switch err := x.line(ctx, text); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			fmt.Fprintf(stderr, "%v\n", err)
		}
	}
	return nil
}

// candidates are what may come next after some words, the last of which is being
// written.
func candidates(schema *tables.Schema, words []string) []string {
	last := words[len(words)-1]
	switch len(words) {
	case 1:
		return prefixed(append(verbNames(), "help", "exit"), last)
	case 2:
		if words[0] == "watch" {
			return prefixed(watched, last)
		}
		return tableNames(schema, last)
	}
	s, err := schema.Find(words[1])
	if err != nil {
		return nil
	}
	var out []string
	var action *tables.ActionSpec
	for _, w := range words[2 : len(words)-1] {
		if a, err := findAction(s, w); err == nil {
			action = a
		}
	}
	for i := range s.Key {
		out = append(out, s.Key[i].Name+"=")
	}
	if action == nil {
		for i := range s.Actions {
			out = append(out, s.Actions[i].Name)
		}
	} else {
		for i := range action.Data {
			out = append(out, action.Data[i].Name+"=")
		}
	}
	for i := range s.Data {
		if !s.Data[i].ReadOnly {
			out = append(out, s.Data[i].Name+"=")
		}
	}
	switch words[0] {
	case "op":
		out = s.Operations
	case "attr":
		out = s.Attributes
	}
	return prefixed(out, last)
}

// tableNames are names that begin so, or whose suffixes do.
func tableNames(schema *tables.Schema, last string) []string {
	var out []string
	for _, t := range schema.Tables {
		for rest := t.Name; ; {
			if strings.HasPrefix(rest, last) {
				out = append(out, rest)
				break
			}
			_, after, ok := strings.Cut(rest, ".")
			if !ok {
				break
			}
			rest = after
		}
	}
	return out
}

func prefixed(list []string, prefix string) []string {
	var out []string
	for _, s := range list {
		if strings.HasPrefix(s, prefix) {
			out = append(out, s)
		}
	}
	return out
}

// completer completes the terminal's line.
type completer struct{ schema *tables.Schema }

// Do is readline's: what may follow the last word, and the word's length.
func (c completer) Do(line []rune, pos int) ([][]rune, int) {
	text := string(line[:pos])
	words := strings.Fields(text)
	if len(words) == 0 || strings.HasSuffix(text, " ") {
		words = append(words, "")
	}
	last := words[len(words)-1]
	var out [][]rune
	for _, s := range candidates(c.schema, words) {
		rest := s[len(last):]
		if !strings.HasSuffix(s, "=") {
			rest += " "
		}
		out = append(out, []rune(rest))
	}
	return out, len([]rune(last))
}

// complete is cobra's, for the completion of shells.
func (x *ctl) complete(c *cobra.Command, args []string, last string) ([]string, cobra.ShellCompDirective) {
	x.begin(c)
	defer x.close()
	api, err := x.tables(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	words := append(append([]string{c.Name()}, args...), last)
	return candidates(api.Schema(), words), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
