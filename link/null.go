package link

import "io"

// Null is a port without a wire: nothing comes in, everything that leaves is
// counted and gone. The zero value is ready.
type Null struct{ count counters }

// Name is "null".
func (n *Null) Name() string { return "null" }

// Up is always true.
func (n *Null) Up() bool { return true }

// Receive is io.EOF.
func (n *Null) Receive() ([]Frame, error) { return nil, io.EOF }

// Release has nothing to give back.
func (n *Null) Release() {}

// Send counts the frame.
func (n *Null) Send(head, payload []byte) error {
	if err := checkSize(len(head) + len(payload)); err != nil {
		return n.count.refuse(err)
	}
	n.count.txFrames.Add(1)
	n.count.txBytes.Add(uint64(len(head) + len(payload)))
	return nil
}

// Flush has nothing to do.
func (n *Null) Flush() {}

// Stats counts what was sent here.
func (n *Null) Stats() Stats { return n.count.stats() }

// Close has nothing to close.
func (n *Null) Close() error { return nil }
