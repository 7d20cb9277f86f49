package link

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cross forwards between two ports.
func cross(ports []Port) func(int, []Frame) {
	return func(in int, frames []Frame) {
		for _, f := range frames {
			ports[1-in].Send(f.Data[:14], f.Data[14:]) // refusals are counted
		}
	}
}

func TestPumpForwardsAndEnds(t *testing.T) {
	a, a2 := NewMemory(Config{})
	b, b2 := NewMemory(Config{})
	ports := []Port{a2, b2}
	p := Pump{Ports: ports, Handle: cross(ports)}
	done := make(chan error, 1)
	go func() { done <- p.Run(context.Background()) }()
	for i := range uint32(10) {
		require.NoError(t, a.Send(nil, testFrame(60, i)))
		require.Equal(t, [][]byte{testFrame(60, i)}, receiveAll(b, 1))
		require.NoError(t, b.Send(nil, testFrame(61, i)))
		require.Equal(t, [][]byte{testFrame(61, i)}, receiveAll(a, 1))
	}
	a.Close()
	b.Close()
	require.NoError(t, <-done, "Run ends when no port can receive any more")
}

func TestPumpSleepsAndWakes(t *testing.T) {
	a, a2 := NewMemory(Config{})
	got := make(chan time.Time, 1)
	idle := 0
	p := Pump{
		Ports:  []Port{a2},
		Handle: func(int, []Frame) { got <- time.Now() },
		Idle:   func() { idle++ },
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	for range 5 {
		time.Sleep(30 * time.Millisecond) // asleep by now
		sent := time.Now()
		require.NoError(t, a.Send(nil, testFrame(60, 0)))
		require.Less(t, (<-got).Sub(sent), idleWait, "a frame wakes the loop")
	}
	cancel()
	require.NoError(t, <-done)
	require.Less(t, idle, 100, "a loop without traffic sleeps")
	require.NoError(t, a.Send(nil, testFrame(60, 0)), "a port outlives its loop")
}

// failing is a port that breaks.
type failing struct{ Null }

var errBroken = errors.New("broken")

func (f *failing) Receive() ([]Frame, error) { return nil, errBroken }

func TestPumpReportsBrokenPort(t *testing.T) {
	p := Pump{Ports: []Port{new(Null), new(failing)}, Handle: func(int, []Frame) {}}
	require.ErrorIs(t, p.Run(context.Background()), errBroken)
}

func TestPumpPassAllocatesNothing(t *testing.T) {
	a, a2 := NewMemory(Config{})
	b, b2 := NewMemory(Config{})
	ports := []Port{a2, b2}
	l, err := newLoop(&Pump{Ports: ports, Handle: cross(ports)})
	require.NoError(t, err)
	defer l.close()
	frame := testFrame(1000, 1)
	once := func() {
		for range 10 {
			a.Send(nil, frame)
		}
		l.pass()
		b.Receive()
		b.Release()
	}
	for range 1000 { // every slot has been used
		once()
	}
	if n := testing.AllocsPerRun(100, once); n != 0 {
		t.Errorf("%v allocations per batch, want 0", n)
	}
}
