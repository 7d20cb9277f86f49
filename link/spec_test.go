package link

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseSpec(t *testing.T) {
	for text, want := range map[string]Spec{
		"eth0":                          {Kind: KindInterface, Interface: "eth0"},
		"pcap:a.pcap":                   {Kind: KindPcap, In: "a.pcap"},
		"pcap:C:/a.pcap,b.pcap":         {Kind: KindPcap, In: "C:/a.pcap", Out: "b.pcap"},
		"pcap:,b.pcap":                  {Kind: KindPcap, Out: "b.pcap"},
		"udp:127.0.0.1:5000,[::1]:5001": {Kind: KindUDP, Local: "127.0.0.1:5000", Remote: "[::1]:5001"},
		"null":                          {Kind: KindNull},
	} {
		got, err := ParseSpec(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
		require.Equal(t, text, got.String())
	}
}

func TestParseSpecErrorsListForms(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "empty port specification (forms: INTERFACE, pcap:IN[,OUT], udp:LOCAL,REMOTE, null)",
		"tcp:a,b":               `no port kind "tcp" in "tcp:a,b" (forms: INTERFACE,`,
		"a/b":                   `"a/b" cannot be an interface name (forms: `,
		"an-interface-too-long": "cannot be an interface name",
		"pcap:":                 "form: pcap:IN[,OUT]",
		"pcap:a,b,c":            "file names without commas",
		"udp:a:1":               "form: udp:LOCAL,REMOTE",
		"udp:,b:1":              "form: udp:LOCAL,REMOTE",
	} {
		_, err := ParseSpec(text)
		require.ErrorContains(t, err, want, text)
	}
	_, err := Spec{}.Open(Config{})
	require.ErrorContains(t, err, "empty specification")
}

func TestOpenReturnsNoPortWithAnError(t *testing.T) {
	p, err := Open("pcap:no-such-file", Config{})
	require.Error(t, err)
	require.True(t, p == nil, "an interface with a nil pointer inside would not compare equal to nil")
}
