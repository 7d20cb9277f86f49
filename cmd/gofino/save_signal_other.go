//go:build !unix

package main

import "context"

// onSaveSignal: this system has no signal to ask for it.
func onSaveSignal(context.Context, func()) {}
