package agent

import (
	"context"
	"fmt"

	"gofino/tables"
)

// Program is a program that a device runs, as controllers see it.
type Program struct {
	Name string
	// API has the program's tables and the chip's own. If it is a
	// tables.Notifier, clients are told what the switch tells by itself.
	API tables.API
	// Profiles are the program's pipelines; a client that asks for the
	// configuration gets them.
	Profiles []Profile
}

// Profile is one pipeline of a program.
type Profile struct {
	Name    string
	Context []byte // context.json
	Binary  []byte
	Pipes   []uint32 // that run it
}

// ProgramConfig is a program that a client wants the device to run: the files
// that a compiler leaves, or what the device takes for them.
type ProgramConfig struct {
	Name     string
	Schema   []byte // bf-rt.json
	Profiles []Profile
}

// Load is a request to run other programs.
type Load struct {
	Programs []ProgramConfig
	// Hitless: the old programs go on until End.
	Hitless bool
	// BasePath is a folder where the device keeps the files; "" for none.
	BasePath string
}

// Device is what a server serves. It is safe for concurrent use.
type Device interface {
	// Programs that run now.
	Programs() []*Program
	// Verify says whether the programs could be loaded. Nothing changes.
	Verify(ctx context.Context, l *Load) error
	// Begin loads programs: from then on Programs returns them, with empty
	// tables, to be filled before packets pass them. If it fails, what ran
	// before still runs.
	Begin(ctx context.Context, l *Load) error
	// End lets packets pass the programs that Begin loaded.
	End(ctx context.Context) error
}

// Programs is a Device whose programs cannot be changed.
type Programs []*Program

// Programs that run.
func (p Programs) Programs() []*Program { return p }

func (p Programs) refuse(op string) error {
	return fmt.Errorf("%s programs: %w: this device keeps the programs that it was started with", op, tables.ErrNotSupported)
}

// Verify refuses.
func (p Programs) Verify(context.Context, *Load) error { return p.refuse("verify") }

// Begin refuses.
func (p Programs) Begin(context.Context, *Load) error { return p.refuse("load") }

// End refuses.
func (p Programs) End(context.Context) error { return p.refuse("start") }
