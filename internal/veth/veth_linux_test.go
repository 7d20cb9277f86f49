package veth

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// need skips a test that this process may not run. CI runs as root and fails
// if it does.
func need(t *testing.T) {
	if err := Missing(); err != nil {
		t.Skipf("network namespaces are missing: %v", err)
	}
}

func TestCableCarriesTraffic(t *testing.T) {
	need(t)
	a, err := New()
	require.NoError(t, err)
	defer a.Close()
	b, err := New()
	require.NoError(t, err)
	defer b.Close()
	require.NoError(t, Cable(a, "a0", b, "b0", 9000))

	mac, err := b.HardwareAddr("b0")
	require.NoError(t, err)
	require.NoError(t, a.AddAddr("a0", "10.9.0.1/24"))
	require.NoError(t, b.AddAddr("b0", "10.9.0.2/24"))
	require.NoError(t, a.AddNeighbour("a0", net.IPv4(10, 9, 0, 2), mac))

	var in *net.UDPConn
	require.NoError(t, b.Do(func() (err error) {
		in, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(10, 9, 0, 2), Port: 5000})
		return err
	}))
	defer in.Close()
	require.NoError(t, a.Do(func() error {
		out, err := net.Dial("udp4", "10.9.0.2:5000")
		if err != nil {
			return err
		}
		defer out.Close()
		_, err = out.Write([]byte("hello"))
		return err
	}))
	buf := make([]byte, 64)
	in.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := in.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "hello", string(buf[:n]))

	c, err := b.Count("b0")
	require.NoError(t, err)
	require.Equal(t, uint64(1), c.RxFrames)
}

func TestRunIsInsideNamespace(t *testing.T) {
	need(t)
	n, err := New()
	require.NoError(t, err)
	defer n.Close()
	out, err := n.Run(context.Background(), "cat", "/proc/net/dev")
	require.NoError(t, err)
	require.Contains(t, string(out), "lo:")
	require.NotContains(t, string(out), "eth", "the machine's own interfaces are not visible")
}

func TestErrorsNameInterface(t *testing.T) {
	need(t)
	n, err := New()
	require.NoError(t, err)
	defer n.Close()
	require.ErrorContains(t, n.SetUp("nope", true), "interface nope")
	require.NoError(t, n.Close())
	require.NoError(t, n.Close(), "a second Close does nothing")
}
