package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"gofino/model"
)

// persistence is what a live switch keeps on disk.
type persistence struct {
	save, restore, record string // files; "" for none

	journal *model.Journal
	file    *os.File // of the journal
}

func (p *persistence) register(c *cobra.Command) {
	c.Flags().StringVar(&p.save, "save", "", "save the whole switch to `FILE` at the end, and on SIGUSR1")
	c.Flags().StringVar(&p.restore, "restore", "", "go on with the switch saved in `FILE`")
	c.Flags().StringVar(&p.record, "record", "", "record every input to `FILE`, for gofino replay")
}

// live makes a switch, or brings the saved one back.
func (p *persistence) live(c *cobra.Command, programs []*loaded, conf model.Config) (*live, error) {
	list := placements(programs)
	if p.restore == "" {
		return newLivePlaced(list, conf)
	}
	if !c.Flags().Changed("pipes") {
		conf.Pipes = 0
	}
	sw, err := model.RestoreFile(p.restore, list, conf)
	if err != nil {
		return nil, err
	}
	return liveOf(sw), nil
}

// begin starts to record, and to listen to the signal to save.
func (p *persistence) begin(ctx context.Context, now func() *model.Switch, stderr io.Writer) error {
	if p.save != "" {
		onSaveSignal(ctx, func() {
			if err := now().SaveFile(p.save); err != nil {
				fmt.Fprintf(stderr, "gofino: %v\n", err)
			}
		})
	}
	if p.record == "" {
		return nil
	}
	f, err := os.Create(p.record)
	if err != nil {
		return fmt.Errorf("record switch: %w", err)
	}
	if p.journal, err = now().Record(f); err != nil {
		f.Close()
		return err
	}
	p.file = f
	return nil
}

// end completes the files.
func (p *persistence) end(sw *model.Switch) error {
	var errs []error
	if p.journal != nil {
		errs = append(errs, p.journal.Close(), p.file.Sync(), p.file.Close())
	}
	if p.save != "" {
		errs = append(errs, sw.SaveFile(p.save))
	}
	return errors.Join(errs...)
}
