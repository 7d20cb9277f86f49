package link

import (
	"fmt"
	"strings"
)

// Forms are the texts that ParseSpec understands, for messages.
const Forms = "INTERFACE, pcap:IN[,OUT], udp:LOCAL,REMOTE, null"

// Kind of a port.
type Kind int

const (
	KindInterface Kind = iota + 1
	KindPcap
	KindUDP
	KindNull
)

// Spec says which port to open.
type Spec struct {
	Kind Kind
	// Interface is an interface's name.
	Interface string
	// In and Out are capture files; In may be "" to record only, Out to replay only.
	In, Out string
	// Local and Remote are HOST:PORT.
	Local, Remote string
}

// ParseSpec reads one of Forms.
func ParseSpec(text string) (Spec, error) {
	kind, rest, found := strings.Cut(text, ":")
	switch {
	case text == "":
		return Spec{}, fmt.Errorf("empty port specification (forms: %s)", Forms)
	case text == "null":
		return Spec{Kind: KindNull}, nil
	case !found:
		if len(text) > 15 || strings.ContainsAny(text, "/ \t\r\n,") || text == "." || text == ".." {
			return Spec{}, fmt.Errorf("%q cannot be an interface name (forms: %s)", text, Forms)
		}
		return Spec{Kind: KindInterface, Interface: text}, nil
	case kind == "pcap":
		in, out, _ := strings.Cut(rest, ",")
		if in == "" && out == "" || strings.Contains(out, ",") {
			return Spec{}, fmt.Errorf("%q names no capture file (form: pcap:IN[,OUT]; file names without commas)", text)
		}
		return Spec{Kind: KindPcap, In: in, Out: out}, nil
	case kind == "udp":
		local, remote, found := strings.Cut(rest, ",")
		if !found || local == "" || remote == "" || strings.Contains(remote, ",") {
			return Spec{}, fmt.Errorf("%q is no tunnel (form: udp:LOCAL,REMOTE, each HOST:PORT)", text)
		}
		return Spec{Kind: KindUDP, Local: local, Remote: remote}, nil
	}
	return Spec{}, fmt.Errorf("no port kind %q in %q (forms: %s)", kind, text, Forms)
}

// String is the text that ParseSpec reads.
func (s Spec) String() string {
	switch s.Kind {
	case KindInterface:
		return s.Interface
	case KindPcap:
		if s.Out == "" {
			return "pcap:" + s.In
		}
		return "pcap:" + s.In + "," + s.Out
	case KindUDP:
		return "udp:" + s.Local + "," + s.Remote
	case KindNull:
		return "null"
	}
	return "no port"
}

// Open opens the port.
func (s Spec) Open(c Config) (Port, error) {
	switch s.Kind {
	case KindInterface:
		return opened(OpenAFPacket(s.Interface, c))
	case KindPcap:
		return opened(OpenPcap(s.In, s.Out, c))
	case KindUDP:
		return opened(OpenUDP(s.Local, s.Remote, c))
	case KindNull:
		return new(Null), nil
	}
	return nil, fmt.Errorf("open port: empty specification (forms: %s)", Forms)
}

// opened makes a Port of an opener's result, with no nil pointer inside.
func opened[P Port](p P, err error) (Port, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Open parses a specification and opens the port.
func Open(spec string, c Config) (Port, error) {
	s, err := ParseSpec(spec)
	if err != nil {
		return nil, err
	}
	return s.Open(c)
}
