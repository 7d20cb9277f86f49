package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes: 0 done, 1 the work failed (a wrong program, a failed vector), 2
// the command line was wrong.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

// usageError is a wrong command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// errReported ends a command whose diagnostics are already on stderr.
var errReported = errors.New("already reported")

// run is main without the process: it executes one command line.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "gofino: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "gofino: %v\n", err)
	return exitFailed
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "gofino",
		Short:         "A software model of the Tofino switch chip",
		Long:          "gofino compiles P4-16 programs written for Tofino (TNA, T2NA) and runs them: packets in,\npackets out, the chip's table API in front.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%v (flags of %s: %s)", err, c.CommandPath(), flagNames(c))
	})
	root.AddCommand(newCheck(), newSchema(), newBundle(), newTest(), newTrace(), newRun(), newReplay(), newDemo(), newBench(), newFit(), newExperiment(), newCtl())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.Args = cobra.ArbitraryArgs
	root.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("no command (commands: %s)", commandNames(c))
		}
		return usagef("unknown command %q (commands: %s)", args[0], commandNames(c))
	}
	return root
}

func commandNames(c *cobra.Command) string {
	var names []string
	for _, sub := range c.Root().Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return strings.Join(names, ", ")
}

// args checks the number of arguments; max < 0 means no limit.
func args(min, max int, want string) cobra.PositionalArgs {
	return func(c *cobra.Command, got []string) error {
		if len(got) < min || max >= 0 && len(got) > max {
			return usagef("%s: want %s", c.Name(), want)
		}
		return nil
	}
}
