package call

import (
	"fmt"
	"hash/crc64"
	"math/rand/v2"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/srtp/v3"

	"gofino/sfu"
	"gofino/sfu/av1"
)

// What the participants send. 1200 bytes is what browsers keep an RTP packet
// under; the packetiser leaves room for header extensions and the SRTP tag.
const (
	frameInterval = time.Second / 30
	audioInterval = time.Second / 50
	videoClock    = 90000
	audioClock    = 48000
	videoPT       = 45
	audioPT       = 111
	maxPacket     = 1200
	packetiserMTU = maxPacket - 46
	srtpProfile   = srtp.ProtectionProfileAes128CmHmacSha1_80
)

// Header extension ids of the calls.
const (
	extAbsSendTime = 2
	extMid         = 9
	extDescriptor  = 12
	extAudioLevel  = 14
)

var crcTable = crc64.MakeTable(crc64.ECMA)

// sent is the sender's log of one packet.
type sent struct {
	at    time.Duration
	size  int
	hash  uint64 // of the encrypted packet: what arrives must be the same
	plain uint64 // of the payload before encryption
	needs uint32 // decode targets that need it; all ones for audio
}

// track is one stream that a participant sends.
type track struct {
	ssrc     uint32
	video    bool
	id       sfu.StreamID
	key      []byte // master key and salt, which the receivers have too
	rng      *rand.Rand
	pack     rtp.Packetizer
	firstSeq uint16
	encrypt  *srtp.Context

	log       []sent // by sequence number from firstSeq on
	octets    uint32
	rtpTime   uint32
	frames    int
	wantKey   bool
	keyFrames int
	structure *av1.Structure
	inGOP     int // position in the pattern of four frames, -1 for a key frame
}

// newTrack's sequence numbers start shortly before they wrap.
func newTrack(ssrc uint32, video bool, rng *rand.Rand) (*track, error) {
	t := &track{ssrc: ssrc, video: video, rng: rng, key: make([]byte, 30), firstSeq: uint16(65400 + rng.IntN(136)),
		rtpTime: rng.Uint32(), wantKey: true, structure: av1.L1T3()}
	for i := range t.key {
		t.key[i] = byte(rng.Uint32())
	}
	var err error
	if t.encrypt, err = newContext(t.key); err != nil {
		return nil, err
	}
	pt, rate, payloader := uint8(audioPT), uint32(audioClock), rtp.Payloader(&codecs.OpusPayloader{})
	if video {
		pt, rate, payloader = videoPT, videoClock, &codecs.AV1Payloader{}
		t.structure.Offset = rng.IntN(av1.MaxTemplates) // senders start anywhere
	}
	t.pack = rtp.NewPacketizerWithOptions(packetiserMTU, payloader, rtp.NewFixedSequencer(t.firstSeq), rate,
		rtp.WithSSRC(ssrc), rtp.WithPayloadType(pt), rtp.WithTimestamp(t.rtpTime))
	return t, nil
}

func newContext(key []byte) (*srtp.Context, error) {
	c, err := srtp.CreateContext(key[:16], key[16:], srtpProfile)
	if err != nil {
		return nil, fmt.Errorf("make SRTP context: %w", err)
	}
	return c, nil
}

// next is the next frame's packets, encrypted.
func (t *track) next(now time.Duration) ([][]byte, error) {
	if t.video {
		return t.nextVideo(now)
	}
	t.rtpTime += audioClock / 50
	packets := t.pack.Packetize(t.noise(60+t.rng.IntN(100)), audioClock/50)
	var out [][]byte
	for _, p := range packets {
		if err := setExtensions(&p.Header, now, extension{extAudioLevel, []byte{byte(t.rng.IntN(128))}}); err != nil {
			return nil, err
		}
		b, err := t.seal(p, now, ^uint32(0))
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

func (t *track) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(t.rng.Uint32())
	}
	return b
}

// pattern is L1T3: what follows a frame of the base layer. Index into the
// structure's templates, and the mean size of a frame.
var pattern = [4]struct{ template, bytes int }{{1, 5200}, {3, 1700}, {2, 3300}, {4, 1800}}

const keyFrameBytes = 15000

// nextVideo makes one frame: a temporal unit with one OBU of noise.
func (t *track) nextVideo(now time.Duration) ([][]byte, error) {
	t.inGOP = (t.inGOP + 1) % len(pattern)
	template, size := pattern[t.inGOP].template, pattern[t.inGOP].bytes
	key := t.wantKey
	if key {
		t.inGOP, t.wantKey = 0, false
		t.keyFrames++
		template, size = 0, keyFrameBytes
	}
	size = size*7/10 + t.rng.IntN(size*6/10)
	t.rtpTime += videoClock / 30
	packets := t.pack.Packetize(obuFrame(t.noise(size)), videoClock/30)
	var out [][]byte
	for i, p := range packets {
		d := av1.Descriptor{StartOfFrame: i == 0, EndOfFrame: i == len(packets)-1,
			TemplateID: t.structure.ID(template), FrameNumber: uint16(t.frames)}
		if key && i == 0 {
			d.Structure = t.structure
		}
		ext := d.Append(nil, t.structure.DecodeTargets)
		if err := setExtensions(&p.Header, now, extension{extMid, []byte{'1'}}, extension{extDescriptor, ext}); err != nil {
			return nil, err
		}
		b, err := t.seal(p, now, t.structure.Needs(template))
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	t.frames++
	return out, nil
}

// obuFrame wraps data in an AV1 OBU_FRAME with its size.
func obuFrame(data []byte) []byte {
	const obuFrameWithSize = 6<<3 | 2
	b := []byte{obuFrameWithSize}
	n := len(data)
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(append(b, byte(n)), data...)
}

type extension struct {
	id   uint8
	data []byte
}

// setExtensions writes abs-send-time and then the others, in the one-byte form
// unless one of them is too long for it.
func setExtensions(h *rtp.Header, now time.Duration, more ...extension) error {
	h.Extension, h.ExtensionProfile = true, rtp.ExtensionProfileOneByte
	for _, e := range more {
		if len(e.data) > 16 {
			h.ExtensionProfile = rtp.ExtensionProfileTwoByte
		}
	}
	at := uint32((now << 18) / time.Second) // 6.18 fixed point seconds
	all := append([]extension{{extAbsSendTime, []byte{byte(at >> 16), byte(at >> 8), byte(at)}}}, more...)
	for _, e := range all {
		if err := h.SetExtension(e.id, e.data); err != nil {
			return fmt.Errorf("set header extension %d: %w", e.id, err)
		}
	}
	return nil
}

// seal encrypts a packet and logs it.
func (t *track) seal(p *rtp.Packet, now time.Duration, needs uint32) ([]byte, error) {
	raw, err := p.Marshal()
	if err != nil {
		return nil, fmt.Errorf("marshal RTP: %w", err)
	}
	b, err := t.encrypt.EncryptRTP(nil, raw, nil)
	if err != nil {
		return nil, fmt.Errorf("encrypt RTP: %w", err)
	}
	if len(b) > maxPacket {
		return nil, fmt.Errorf("BUG: packet of %d bytes", len(b))
	}
	t.octets += uint32(len(p.Payload))
	t.log = append(t.log, sent{at: now, size: len(b), needs: needs,
		hash: crc64.Checksum(b, crcTable), plain: crc64.Checksum(p.Payload, crcTable)})
	return b, nil
}
