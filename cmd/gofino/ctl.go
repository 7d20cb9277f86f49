package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gofino/agent"
	"gofino/tables"
)

// ctl is the table shell: one switch, and how results are printed.
type ctl struct {
	address, program string
	pipe             int
	asJSON           bool
	script           string
	timeout          time.Duration
	ca, cert, key    string

	api tables.API // nil until it is needed
	out io.Writer
	// dial makes the switch; owner: with a session that is bound to the program.
	dial   func(ctx context.Context, owner bool) (tables.API, error)
	closes []func()
}

// verb is a command of the shell.
type verb struct {
	use, short string
	min, max   int // words; max -1: any
	run        func(c *ctl, ctx context.Context, words []string) error
}

// verbs of the shell, by name.
var verbs = map[string]verb{
	"ls":      {"ls [WORD]", "list tables, or those whose name has WORD", 0, 1, (*ctl).list},
	"info":    {"info TABLE", "show key, actions, data, operations and attributes of a table", 1, 1, (*ctl).info},
	"get":     {"get TABLE [KEY=VALUE...]", "print an entry, or all of them", 1, -1, (*ctl).get},
	"add":     {"add TABLE KEY=VALUE... [ACTION] [FIELD=VALUE...]", "add an entry", 1, -1, (*ctl).add},
	"mod":     {"mod TABLE KEY=VALUE... [ACTION] [FIELD=VALUE...]", "modify an entry", 1, -1, (*ctl).modify},
	"set":     {"set TABLE KEY=VALUE... [ACTION] [FIELD=VALUE...]", "add an entry, or modify the one that is there", 1, -1, (*ctl).set},
	"del":     {"del TABLE KEY=VALUE...", "delete an entry", 2, -1, (*ctl).remove},
	"default": {"default TABLE [reset | [ACTION] FIELD=VALUE...]", "print, set or reset the default entry", 1, -1, (*ctl).defaultEntry},
	"clear":   {"clear TABLE", "delete all entries and reset the default", 1, 1, (*ctl).clear},
	"usage":   {"usage [TABLE]", "count the entries of a table, or of the program's that have any", 0, 1, (*ctl).usage},
	"handle":  {"handle TABLE KEY=VALUE...", "print the handle of an entry", 2, -1, (*ctl).handle},
	"op":      {"op TABLE OPERATION", "run an operation", 2, 2, (*ctl).operate},
	"attr":    {"attr TABLE NAME [FIELD=VALUE...]", "print or set an attribute", 2, -1, (*ctl).attribute},
	"watch":   {"watch digests|ports|idle|all", "print what the switch tells, until interrupted", 1, 1, (*ctl).watch},
}

func verbNames() []string {
	var out []string
	for n := range verbs {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

func newCtl() *cobra.Command {
	x := &ctl{}
	c := &cobra.Command{
		Use:   "ctl VERB ...",
		Short: "Read and write the tables of a running switch",
		Long: "Speaks BFRuntime to gofino run, to a real switch or to the vendor's model of one. Without a verb it reads commands\n" +
			"from the terminal or, with -f, from a file. Names may be any unique dotted suffix. Values: 7, 0x1f, 10.0.0.1,\n" +
			"fe80::1, 00:11:22:33:44:55, VALUE&&&MASK, VALUE/LENGTH, LOW..HIGH, *, true, lists with commas.",
		Args:             cobra.ArbitraryArgs,
		TraverseChildren: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("ctl: no verb %q (verbs: %s)", args[0], strings.Join(verbNames(), ", "))
			}
			x.begin(c)
			defer x.close()
			return x.shell(c.Context(), c.InOrStdin(), c.ErrOrStderr())
		},
	}
	fs := c.PersistentFlags()
	fs.StringVar(&x.address, "bfrt", "127.0.0.1:50052", "the switch's BFRuntime server, `ADDR`")
	fs.StringVar(&x.program, "program", "", "the P4 program, where the switch runs several: `NAME`")
	fs.IntVar(&x.pipe, "pipe", -1, "act on pipe `N` only")
	fs.BoolVar(&x.asJSON, "json", false, "print JSON, an object a line")
	fs.DurationVar(&x.timeout, "timeout", 10*time.Second, "how long to wait for the switch")
	fs.StringVar(&x.ca, "ca", "", "speak TLS, and trust the authorities in `FILE` (PEM)")
	fs.StringVar(&x.cert, "cert", "", "the client's certificate: `FILE` (PEM)")
	fs.StringVar(&x.key, "key", "", "the certificate's key: `FILE` (PEM)")
	c.Flags().StringVarP(&x.script, "file", "f", "", "run the commands in `FILE`, - for standard input")
	for _, name := range verbNames() {
		c.AddCommand(x.command(name, verbs[name]))
	}
	return c
}

func (x *ctl) command(name string, v verb) *cobra.Command {
	return &cobra.Command{
		Use: v.use, Short: v.short, Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true,
		ValidArgsFunction: x.complete,
		RunE: func(c *cobra.Command, args []string) error {
			if err := v.check(name, args); err != nil {
				return err
			}
			x.begin(c)
			defer x.close()
			return v.run(x, c.Context(), args)
		},
	}
}

// check counts the words.
func (v verb) check(name string, words []string) error {
	if len(words) < v.min || v.max >= 0 && len(words) > v.max {
		return usagef("%s: want %s", name, v.use)
	}
	return nil
}

func (x *ctl) begin(c *cobra.Command) {
	x.out = c.OutOrStdout()
	if x.dial == nil {
		x.dial = x.connect
	}
}

// connect dials the switch.
func (x *ctl) connect(ctx context.Context, owner bool) (tables.API, error) {
	conf := agent.ClientConfig{Address: x.address, Program: x.program, Unbound: !owner, ID: uint32(os.Getpid())}
	if x.ca != "" || x.cert != "" {
		conf.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		if x.ca != "" {
			pool, err := readPool(x.ca)
			if err != nil {
				return nil, err
			}
			conf.TLS.RootCAs = pool
		}
		if x.cert != "" {
			pair, err := tls.LoadX509KeyPair(x.cert, x.key)
			if err != nil {
				return nil, fmt.Errorf("read the client's certificate: %w", err)
			}
			conf.TLS.Certificates = []tls.Certificate{pair}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	c, err := agent.Dial(ctx, conf)
	if err != nil {
		return nil, err
	}
	x.closes = append(x.closes, func() { c.Close() })
	return c, nil
}

func (x *ctl) close() {
	for _, f := range x.closes {
		f()
	}
	x.closes, x.api = nil, nil
}

// tables is the switch, dialled when it is first needed.
func (x *ctl) tables(ctx context.Context) (tables.API, error) {
	if x.api != nil {
		return x.api, nil
	}
	api, err := x.dial(ctx, false)
	x.api = api
	return api, err
}

// table finds a table.
func (x *ctl) table(ctx context.Context, name string) (tables.API, *tables.TableSpec, error) {
	api, err := x.tables(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := api.Schema().Find(name)
	if err == nil {
		return api, s, nil
	}
	var like, all []string
	for _, t := range api.Schema().Tables {
		if strings.EqualFold(t.Name, "$"+name) {
			return api, t, nil
		}
		all = append(all, t.Name)
		if strings.Contains(strings.ToLower(t.Name), strings.ToLower(name)) {
			like = append(like, t.Name)
		}
	}
	if len(like) > 0 {
		return nil, nil, fmt.Errorf("no table %q, or several (like it: %s)", name, strings.Join(like, ", "))
	}
	if c := closest(name, all); c != "" {
		return nil, nil, fmt.Errorf("no table %q; is %s meant?", name, c)
	}
	return nil, nil, fmt.Errorf("no table %q (ls lists them)", name)
}

func (x *ctl) target() tables.Target {
	if x.pipe >= 0 {
		return tables.OnePipe(x.pipe)
	}
	return tables.AllPipes
}

func (x *ctl) list(ctx context.Context, words []string) error {
	api, err := x.tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range api.Schema().Tables {
		if len(words) == 1 && !strings.Contains(strings.ToLower(t.Name), strings.ToLower(words[0])) {
			continue
		}
		if err := x.say(map[string]any{"table": t.Name, "type": t.Type, "size": t.Size}, "%-44s  %-30s  %d", t.Name, t.Type, t.Size); err != nil {
			return err
		}
	}
	return nil
}

func (x *ctl) info(ctx context.Context, words []string) error {
	_, s, err := x.table(ctx, words[0])
	if err != nil {
		return err
	}
	if x.asJSON {
		one := tables.Schema{Tables: []*tables.TableSpec{s}}
		if s.Fixed {
			return one.FixedJSON(x.out)
		}
		return one.JSON(x.out)
	}
	return showInfo(x.out, s)
}

func (x *ctl) get(ctx context.Context, words []string) error {
	api, s, err := x.table(ctx, words[0])
	if err != nil {
		return err
	}
	e, err := entryWords(s, words[1:])
	if err != nil {
		return err
	}
	return x.print(ctx, api, s, tables.Query{Table: s.Name, Key: e.Key, FromHW: true})
}

// print reads and prints entries.
func (x *ctl) print(ctx context.Context, api tables.API, s *tables.TableSpec, q tables.Query) error {
	var list []*tables.TableEntry
	for e, err := range api.Read(ctx, x.target(), q) {
		if err != nil {
			return err
		}
		if !x.asJSON {
			list = append(list, e)
			continue
		}
		if err := printJSON(x.out, jsonEntry(s, e)); err != nil {
			return err
		}
	}
	if x.asJSON {
		return nil
	}
	return showEntries(x.out, s, list)
}

func (x *ctl) add(ctx context.Context, words []string) error {
	return x.write(ctx, tables.Insert, words, false)
}

func (x *ctl) modify(ctx context.Context, words []string) error {
	return x.write(ctx, tables.Modify, words, false)
}

func (x *ctl) set(ctx context.Context, words []string) error {
	return x.write(ctx, tables.InsertOrModify, words, false)
}

func (x *ctl) remove(ctx context.Context, words []string) error {
	return x.write(ctx, tables.Delete, words, false)
}

func (x *ctl) clear(ctx context.Context, words []string) error {
	return x.write(ctx, tables.Delete, words, false)
}

// write makes one change.
func (x *ctl) write(ctx context.Context, op tables.Op, words []string, isDefault bool) error {
	api, s, err := x.table(ctx, words[0])
	if err != nil {
		return err
	}
	e, err := entryWords(s, words[1:])
	if err != nil {
		return err
	}
	e.Default = isDefault
	u := []tables.Update{{Op: op, Entry: e}}
	return single(api.Write(ctx, x.target(), u, tables.RollbackOnError))
}

// single is the error of a batch of one.
func single(err error) error {
	if b, ok := err.(*tables.BatchError); ok && len(b.Errs) == 1 {
		return b.Errs[0]
	}
	return err
}

func (x *ctl) defaultEntry(ctx context.Context, words []string) error {
	switch {
	case len(words) == 1:
		api, s, err := x.table(ctx, words[0])
		if err != nil {
			return err
		}
		return x.print(ctx, api, s, tables.Query{Table: s.Name, Default: true, FromHW: true})
	case len(words) == 2 && words[1] == "reset":
		return x.write(ctx, tables.Delete, words[:1], true)
	}
	return x.write(ctx, tables.Modify, words, true)
}

func (x *ctl) usage(ctx context.Context, words []string) error {
	api, err := x.tables(ctx)
	if err != nil {
		return err
	}
	list := api.Schema().Tables
	if len(words) == 1 {
		_, s, err := x.table(ctx, words[0])
		if err != nil {
			return err
		}
		list = []*tables.TableSpec{s}
	}
	for _, s := range list {
		n, err := api.Usage(ctx, x.target(), s.Name)
		if err != nil {
			if len(words) == 1 {
				return err
			}
			continue // a table that does not count
		}
		if len(words) == 0 && (n == 0 || s.Fixed) {
			continue
		}
		if err := x.say(map[string]any{"table": s.Name, "usage": n, "size": s.Size}, "%-44s  %d of %d", s.Name, n, s.Size); err != nil {
			return err
		}
	}
	return nil
}

func (x *ctl) handle(ctx context.Context, words []string) error {
	api, s, err := x.table(ctx, words[0])
	if err != nil {
		return err
	}
	e, err := entryWords(s, words[1:])
	if err != nil {
		return err
	}
	for got, err := range api.Read(ctx, x.target(), tables.Query{Table: s.Name, Key: e.Key, KeyOnly: true}) {
		if err != nil {
			return err
		}
		return x.say(map[string]any{"table": s.Name, "handle": got.Handle}, "%d", got.Handle)
	}
	return fmt.Errorf("%s: %w", s.Name, tables.ErrNotFound)
}

func (x *ctl) operate(ctx context.Context, words []string) error {
	api, s, err := x.table(ctx, words[0])
	if err != nil {
		return err
	}
	return api.Operation(ctx, x.target(), s.Name, words[1])
}

func (x *ctl) attribute(ctx context.Context, words []string) error {
	api, s, err := x.table(ctx, words[0])
	if err != nil {
		return err
	}
	if len(words) > 2 {
		data, err := attributeWords(words[2:])
		if err != nil {
			return err
		}
		return api.SetAttribute(ctx, x.target(), s.Name, words[1], data)
	}
	data, err := api.Attribute(ctx, x.target(), s.Name, words[1])
	if err != nil {
		return err
	}
	if x.asJSON {
		out := map[string]any{}
		for _, f := range data {
			out[f.Name] = showValue(nil, f.Value)
		}
		return printJSON(x.out, out)
	}
	for _, f := range data {
		fmt.Fprintf(x.out, "%s=%s\n", f.Name, showValue(nil, f.Value))
	}
	return nil
}

// attributeWords reads the fields of an attribute: numbers, true, false, or words.
func attributeWords(words []string) ([]tables.DataField, error) {
	var out []tables.DataField
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, fmt.Errorf("%q: want FIELD=VALUE", w)
		}
		f := tables.DataField{Name: name, Value: value}
		if n, err := strconv.ParseInt(value, 0, 64); err == nil {
			f.Value = []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
		} else if b, err := strconv.ParseBool(value); err == nil {
			f.Value = b
		}
		out = append(out, f)
	}
	return out, nil
}
