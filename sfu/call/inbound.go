package call

import (
	"hash/crc64"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"gofino/sfu"
)

// inbound is what a receiver knows of one remote stream.
type inbound struct {
	from    *track
	decrypt *srtp.Context

	// Decode target, and when it was lowered; the target before is AllLayers.
	target    int
	loweredAt time.Duration

	seen       []uint8 // arrivals, by index into the sender's log
	highest    int     // index of the latest packet, -1 before the first
	received   int     // different packets that arrived
	decrypted  int
	reordered  int
	duplicated int
	damaged    int // not the bytes that were sent, or not decryptable
	reports    int // sender reports
}

func newInbound(from *track) (*inbound, error) {
	c, err := newContext(from.key)
	if err != nil {
		return nil, err
	}
	return &inbound{from: from, decrypt: c, target: sfu.AllLayers, highest: -1}, nil
}

// take judges one RTP packet.
func (in *inbound) take(h *rtp.Header, packet []byte) {
	i := int(h.SequenceNumber - in.from.firstSeq)
	if i >= len(in.from.log) {
		in.damaged++
		return
	}
	log := &in.from.log[i]
	for len(in.seen) <= i {
		in.seen = append(in.seen, 0)
	}
	if in.seen[i] < 255 {
		in.seen[i]++
	}
	if in.seen[i] > 1 {
		in.duplicated++
		return
	}
	in.received++
	if i < in.highest {
		in.reordered++
	}
	in.highest = max(in.highest, i)
	plain, err := in.decrypt.DecryptRTP(nil, packet, nil)
	var p rtp.Packet
	if err != nil || p.Unmarshal(plain) != nil ||
		crc64.Checksum(packet, crcTable) != log.hash || crc64.Checksum(p.Payload, crcTable) != log.plain {
		in.damaged++
		return
	}
	in.decrypted++
}

// needed tells whether a packet should have arrived: 1 yes, -1 no, 0 either,
// when it was on its way while the target changed.
func (in *inbound) needed(s *sent, grace time.Duration) int {
	if in.target == sfu.AllLayers || s.needs>>in.target&1 == 1 || s.at < in.loweredAt-grace {
		return 1
	}
	if s.at < in.loweredAt+grace {
		return 0
	}
	return -1
}

// result compares what arrived with what was sent.
func (in *inbound) result(grace time.Duration) StreamReport {
	r := StreamReport{SSRC: in.from.ssrc, Video: in.from.video, Sent: len(in.from.log), Received: in.received,
		Decrypted: in.decrypted, Reordered: in.reordered, Duplicated: in.duplicated, Damaged: in.damaged, SenderReports: in.reports}
	for i := range in.from.log {
		arrived := i < len(in.seen) && in.seen[i] > 0
		switch need := in.needed(&in.from.log[i], grace); {
		case need > 0 && !arrived:
			r.Lost++
		case need <= 0 && !arrived:
			r.Suppressed++
		case need < 0:
			r.Wrong++
		}
	}
	r.Expected = r.Sent - r.Suppressed
	return r
}
