//go:build !linux

package bench

import (
	"errors"
	"time"
)

var errLinux = errors.New("needs Linux")

func allocate(int) ([]byte, error) { return nil, errLinux }

func free([]byte) {}

func pin(int) error { return errLinux }

func threadID() int { return 0 }

func threadCPU(int) time.Duration { return 0 }

func processCPU() time.Duration { return 0 }
