package call

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gofino/sfu/reference"
)

// plain is the reference data plane as a switch.
type plain struct{ *reference.Switch }

func (p plain) Forward(port uint16, frame []byte, out func(uint16, []byte)) {
	for _, c := range p.Switch.Forward(port, frame) {
		out(c.Port, c.Frame)
	}
}

// Ports that are front-panel ports of both chips, and a CPU port of Tofino.
const cpuPort = 64

func threeParties(sw Forwarder) Config {
	return Config{
		Transport: NewMemory(sw, map[End]uint16{0: 8, 1: 16, 2: 24, CPU: cpuPort}),
		Ports:     []uint16{8, 16, 24}, CPUPort: cpuPort, Seed: 42,
	}
}

func TestCallOverReference(t *testing.T) {
	sw := reference.New()
	cfg := threeParties(plain{sw})
	cfg.API = sw.API()
	r, err := Run(context.Background(), cfg)
	require.NoError(t, err)
	t.Logf("\n%v", r)
	require.Empty(t, r.Faults())
	// 4 s: half of the time without T1 and T2, which are 3 of 4 frames.
	for _, s := range r.Streams {
		if s.Video && s.Receiver == 2 {
			require.Greater(t, s.Suppressed, s.Sent/5)
			require.Less(t, s.Suppressed, s.Sent/2)
		}
	}
	require.EqualValues(t, 4, r.Agent.Descriptors, "three first key frames and the one that the PLI asked for")
	require.EqualValues(t, 3, r.Agent.Structures)
	require.Equal(t, 2, r.Participants[0].KeyFrames)
}

func TestCallIsDeterministic(t *testing.T) {
	var first string
	for range 3 {
		sw := reference.New()
		cfg := threeParties(plain{sw})
		cfg.API = sw.API()
		cfg.Duration = time.Second
		r, err := Run(context.Background(), cfg)
		require.NoError(t, err)
		if first == "" {
			first = r.String()
		}
		require.Equal(t, first, r.String())
	}
}

// mangle is a switch with a fault.
type mangle struct {
	plain
	n   int
	hit func(n int, f []byte, out func(uint16, []byte), port uint16)
}

func (m *mangle) Forward(port uint16, frame []byte, out func(uint16, []byte)) {
	m.plain.Forward(port, frame, func(port uint16, f []byte) {
		m.n++
		m.hit(m.n, f, out, port)
	})
}

// A call notices what a switch does wrong.
func TestCallFindsFaults(t *testing.T) {
	const when = 700
	media := func(f []byte) bool { return len(f) > 100 && f[42]>>6 == 2 && (f[43] < 192 || f[43] > 223) }
	for name, hit := range map[string]func(n int, f []byte, out func(uint16, []byte), port uint16){
		"lost": func(n int, f []byte, out func(uint16, []byte), port uint16) {
			if n < when || n > when+10 || !media(f) {
				out(port, f)
			}
		},
		"duplicated": func(n int, f []byte, out func(uint16, []byte), port uint16) {
			out(port, f)
			if n > when && n < when+10 && media(f) {
				out(port, f)
			}
		},
		"damaged": func(n int, f []byte, out func(uint16, []byte), port uint16) {
			if n > when && n < when+10 && media(f) {
				f[40], f[41] = 0, 0 // the UDP checksum would tell
				f[90] ^= 1
			}
			out(port, f)
		},
		"unexpected": func(n int, f []byte, out func(uint16, []byte), port uint16) {
			out(port, f)
			if n == when {
				out(port, f[:30])
			}
		},
	} {
		sw := reference.New()
		cfg := threeParties(&mangle{plain: plain{sw}, hit: hit})
		cfg.API = sw.API()
		cfg.Duration = time.Second
		r, err := Run(context.Background(), cfg)
		require.NoError(t, err, name)
		require.NotEmpty(t, r.Faults(), name)
		require.Contains(t, r.Faults()[0], name)
		require.Contains(t, r.String(), "FAIL")
	}
}

// A switch that ignores decode targets delivers what should be suppressed.
func TestCallFindsMissingSuppression(t *testing.T) {
	sw := reference.New()
	cfg := threeParties(plain{sw})
	cfg.API = noFilter{sw.API()}
	cfg.Duration = time.Second
	r, err := Run(context.Background(), cfg)
	require.NoError(t, err)
	require.Contains(t, r.String(), "delivered although suppressed")
	require.False(t, r.Passed())
}

func TestCallInRealTime(t *testing.T) {
	sw := reference.New()
	cfg := threeParties(plain{sw})
	cfg.API = sw.API()
	cfg.RealTime, cfg.Duration = true, time.Second
	begin := time.Now()
	r, err := Run(context.Background(), cfg)
	require.NoError(t, err)
	require.Empty(t, r.Faults(), "%v", r)
	require.Greater(t, time.Since(begin), time.Second)
}

func TestConfigErrors(t *testing.T) {
	_, err := Run(context.Background(), Config{})
	require.ErrorContains(t, err, "need a transport")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	sw := reference.New()
	cfg := threeParties(plain{sw})
	cfg.API = sw.API()
	_, err = Run(ctx, cfg)
	require.ErrorIs(t, err, context.Canceled)
	left, err := LeftBehind(context.Background(), cfg.API)
	require.NoError(t, err)
	require.Empty(t, left, "a call that was cancelled cleans up")
}
