package link

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Pcap is a port whose wire is a capture file to replay and one to record.
// Either may be missing: without an input nothing comes in, without an output
// what leaves is counted and gone.
type Pcap struct {
	name string // immutable
	// All below is owned by the goroutine that uses the port, except count.
	in       *os.File
	reader   packetReader // nil when there is no input, or it has ended
	recorded bool
	start    time.Time // when the first frame was replayed; recorded only
	origin   int64     // the first frame's own time
	next     Frame     // read but not yet due; recorded only
	frames   []Frame
	arena    []byte // the frames' bytes, used again for every batch

	out    *os.File
	buffer *bufio.Writer
	writer *pcapgo.Writer
	frame  []byte // head and payload joined
	now    func() int64
	err    error // the first failure to write, for Close
	closed bool
	count  counters
}

// packetReader reads pcap and pcapng alike.
type packetReader interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

// maxSnap is the snapshot length written into recorded files.
const maxSnap = 65535

// OpenPcap opens in (pcap or pcapng, Ethernet) for replay and creates out
// (pcap, nanoseconds); either may be "".
func OpenPcap(in, out string, c Config) (*Pcap, error) {
	p := &Pcap{name: "pcap:" + in, recorded: c.Recorded, now: c.Now}
	if out != "" {
		p.name += "," + out
	}
	if p.now == nil {
		p.now = func() int64 { return time.Now().UnixNano() }
	}
	if err := p.openIn(in); err != nil {
		p.Close()
		return nil, err
	}
	if err := p.openOut(out); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Pcap) openIn(path string) (err error) {
	if path == "" {
		return nil
	}
	if p.in, err = os.Open(path); err != nil {
		return fmt.Errorf("open capture: %w", err)
	}
	r := bufio.NewReaderSize(p.in, 1<<20)
	magic, err := r.Peek(4)
	if err != nil {
		return fmt.Errorf("open capture %s: read the file header: %w", path, unexpected(err))
	}
	if [4]byte(magic) == [4]byte{0x0a, 0x0d, 0x0d, 0x0a} { // a pcapng section header block
		p.reader, err = pcapgo.NewNgReader(r, pcapgo.DefaultNgReaderOptions)
	} else {
		p.reader, err = pcapgo.NewReader(r)
	}
	if err != nil {
		return fmt.Errorf("open capture %s: neither pcap nor pcapng: %w", path, err)
	}
	if t := p.reader.LinkType(); t != layers.LinkTypeEthernet {
		return fmt.Errorf("open capture %s: link type %s, need Ethernet", path, t)
	}
	return nil
}

func (p *Pcap) openOut(path string) (err error) {
	if path == "" {
		return nil
	}
	if p.in != nil {
		in, err1 := p.in.Stat()
		at, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(in, at) {
			return fmt.Errorf("create capture %s: it is the file to replay", path)
		}
	}
	if p.out, err = os.Create(path); err != nil {
		return fmt.Errorf("create capture: %w", err)
	}
	p.buffer = bufio.NewWriterSize(p.out, 256<<10)
	p.writer = pcapgo.NewWriterNanos(p.buffer)
	if err := p.writer.WriteFileHeader(maxSnap, layers.LinkTypeEthernet); err != nil {
		return fmt.Errorf("create capture %s: %w", path, err)
	}
	return nil
}

// unexpected says that a file which ends inside its header is cut short.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Name is the port's specification.
func (p *Pcap) Name() string { return p.name }

// Up is true until Close.
func (p *Pcap) Up() bool { return !p.closed }

// Receive returns the next frames of the file: up to a batch, or in recorded
// time those that are due. A file that is damaged ends there, with an error
// once; io.EOF follows.
func (p *Pcap) Receive() ([]Frame, error) {
	p.frames, p.arena = p.frames[:0], p.arena[:0]
	var err error
	for err == nil && len(p.frames) < batchMax {
		if p.next.Data == nil {
			if err = p.read(); err != nil {
				break
			}
		}
		if p.recorded && time.Now().Before(p.due()) {
			break
		}
		at := len(p.arena)
		p.arena = append(p.arena, p.next.Data...)
		p.frames = append(p.frames, Frame{Data: p.arena[at:len(p.arena):len(p.arena)], Time: p.next.Time})
		p.next.Data = nil
	}
	countReceived(&p.count, p.frames)
	if len(p.frames) > 0 {
		return p.frames, nil // an error is found again by the next call
	}
	return nil, err
}

// read puts the file's next good frame into next.
func (p *Pcap) read() error {
	for p.reader != nil {
		data, info, err := p.reader.ReadPacketData()
		if err != nil {
			p.reader = nil
			if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				break
			}
			p.count.rxErrors.Add(1)
			return fmt.Errorf("read capture %s: %w", p.in.Name(), err)
		}
		switch {
		case info.CaptureLength < info.Length:
			p.count.rxTruncated.Add(1)
		case len(data) > MaxFrame:
			p.count.rxTooLong.Add(1)
		case len(data) < minFrame:
			p.count.rxErrors.Add(1)
		default:
			p.next = Frame{Data: data, Time: info.Timestamp.UnixNano()}
			return nil
		}
	}
	return io.EOF
}

// due is when next is to be replayed in recorded time.
func (p *Pcap) due() time.Time {
	if p.start.IsZero() {
		p.start, p.origin = time.Now(), p.next.Time
	}
	return p.start.Add(time.Duration(p.next.Time - p.origin))
}

// waitUntil tells a Pump when the next frame is due.
func (p *Pcap) waitUntil() (time.Time, bool) {
	if p.next.Data == nil {
		return time.Time{}, false
	}
	return p.due(), true
}

// Release gives the frames of the last Receive back.
func (p *Pcap) Release() {}

// Send records the frame with the time of Config.Now.
func (p *Pcap) Send(head, payload []byte) error {
	if err := checkSize(len(head) + len(payload)); err != nil {
		return p.count.refuse(err)
	}
	if p.closed {
		return p.count.refuse(ErrClosed)
	}
	if p.writer != nil {
		p.frame = append(append(p.frame[:0], head...), payload...)
		info := gopacket.CaptureInfo{Timestamp: time.Unix(0, p.now()), CaptureLength: len(p.frame), Length: len(p.frame)}
		if err := p.writer.WritePacket(info, p.frame); err != nil {
			err = fmt.Errorf("write capture %s: %w", p.out.Name(), err)
			if p.err == nil {
				p.err = err
			}
			return p.count.refuse(err)
		}
	}
	p.count.txFrames.Add(1)
	p.count.txBytes.Add(uint64(len(head) + len(payload)))
	return nil
}

// Flush leaves what is recorded in the buffer; Close writes it.
func (p *Pcap) Flush() {}

// Stats counts since the files were opened.
func (p *Pcap) Stats() Stats { return p.count.stats() }

// Close completes the recorded file. It returns the first failure to write.
func (p *Pcap) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	p.reader, p.next.Data = nil, nil
	if p.in != nil {
		p.in.Close()
	}
	if p.out == nil {
		return nil
	}
	var flushed error
	if p.buffer != nil {
		flushed = p.buffer.Flush()
	}
	if p.err == nil {
		p.err = errors.Join(flushed, p.out.Close())
	}
	return p.err
}
