package reference

// Addr is an IPv4 address; MAC an Ethernet one; both as numbers, first byte on
// the wire most significant.
type (
	Addr uint32
	MAC  uint64
)

// Keys and contents of the tables, in the order of the program.
type (
	// Answer is whom the SFU answers for: ARP and ping.
	Answer struct {
		MAC MAC
		IP  Addr
	}
	// HostKey is a packet of the agent: the port it came from and its destination.
	HostKey struct {
		Port uint16
		IP   Addr
		UDP  uint16
	}
	// ServiceKey is an address at which the SFU takes media.
	ServiceKey struct {
		MAC MAC
		IP  Addr
		UDP uint16
	}
	// StreamKey is a sender's source address and SSRC.
	StreamKey struct {
		IP   Addr
		UDP  uint16
		SSRC uint32
	}
	// Stream is what table streams says of a sender.
	Stream struct {
		ID, MGID, RID, YID, XID uint16
		DescriptorID            uint8
	}
	// LayerKey is a template of a stream.
	LayerKey struct {
		Stream   uint16
		Template uint8
	}
	// FeedbackKey is a receiver's source address, whom its report is about and
	// the kind of report.
	FeedbackKey struct {
		IP     Addr
		UDP    uint16
		SSRC   uint32
		Report uint8
	}
	// Relay is where feedback goes.
	Relay struct{ Stream, Port uint16 }
	// FilterKey names a layer that a receiver does not need.
	FilterKey struct {
		RID, Stream uint16
		Layer       uint8
	}
	// LinkKey is a stream on its way to a receiver.
	LinkKey struct{ RID, Stream uint16 }
	// Link is the address at the end of it.
	Link struct {
		MAC MAC
		IP  Addr
		UDP uint16
	}
	// Node of the replication engine.
	Node struct {
		RID   uint16
		Ports []uint16
	}
	// GroupNode attaches a node to a group.
	GroupNode struct {
		Node     uint32
		XIDValid bool
		XID      uint16
	}
)

// Tables is all that the data plane looks up.
type Tables struct {
	ARP         map[Addr]Answer
	Echo        map[Addr]Answer
	FromCPU     map[HostKey]uint16 // egress port
	Services    map[ServiceKey]bool
	Streams     map[StreamKey]Stream
	Layers      map[LayerKey]uint8
	Feedback    map[FeedbackKey]Relay
	CPUPorts    map[uint16]bool
	LayerFilter map[FilterKey]bool
	Downlinks   map[LinkKey]Link
	Uplinks     map[uint16]Link // by stream
	OneByteIDs  map[uint8]bool
	TwoByteIDs  map[uint8]bool
	Groups      map[uint16][]GroupNode
	Nodes       map[uint32]Node
	Prune       map[uint16][]uint16 // ports by yid
	CopyToCPU   bool                // a CPU port is set
	CopyToCPUTo uint16
}

// Counts is what the program counts.
type Counts struct {
	Verdicts      [16]uint64
	Streams       map[StreamKey]Traffic
	UnknownSender Traffic
	Feedback      map[FeedbackKey]uint64
	Downlinks     map[LinkKey]uint64
	Uplinks       map[uint16]uint64
	Suppressed    map[FilterKey]uint64
}

// Traffic is packets and bytes; the chip counts the frame check sequence in.
type Traffic struct{ Packets, Bytes uint64 }

// Switch is the data plane: tables and counters. It belongs to one goroutine.
type Switch struct {
	Tables
	Counts
}

// New is a switch with empty tables.
func New() *Switch {
	return &Switch{
		Tables: Tables{
			ARP: map[Addr]Answer{}, Echo: map[Addr]Answer{}, FromCPU: map[HostKey]uint16{},
			Services: map[ServiceKey]bool{}, Streams: map[StreamKey]Stream{}, Layers: map[LayerKey]uint8{},
			Feedback: map[FeedbackKey]Relay{}, CPUPorts: map[uint16]bool{}, LayerFilter: map[FilterKey]bool{},
			Downlinks: map[LinkKey]Link{}, Uplinks: map[uint16]Link{},
			OneByteIDs: map[uint8]bool{}, TwoByteIDs: map[uint8]bool{},
			Groups: map[uint16][]GroupNode{}, Nodes: map[uint32]Node{}, Prune: map[uint16][]uint16{},
		},
		Counts: Counts{
			Streams: map[StreamKey]Traffic{}, Feedback: map[FeedbackKey]uint64{}, Downlinks: map[LinkKey]uint64{},
			Uplinks: map[uint16]uint64{}, Suppressed: map[FilterKey]uint64{},
		},
	}
}

// Copy is a frame that leaves.
type Copy struct {
	Port  uint16
	RID   uint16
	Frame []byte
}

// What becomes of a packet, numbered as the program's counter verdicts.
const (
	NotForUs = iota
	BadChecksum
	ARPAnswered
	EchoAnswered
	FromAgent
	STUN
	DTLS
	Media
	StructureCopied
	SenderReport
	FeedbackKept
	FeedbackRelayed
	UnknownSender
	Unclassified
)
