package model

import "encoding/binary"

// Flow control that ports obey, where $PORT says so: a pause frame stops all
// queues of the port that it arrives at, a priority flow control frame those whose
// pfc_cos it names. Such frames end at the MAC. Nothing here sends them.

const (
	macControl   = 0x8808
	opcodePause  = 0x0001
	opcodePFC    = 0x0101
	quantumBits  = 512 // of a pause, in bit times of the line
	pauseMinimum = 14 + 2 + 2
	pfcMinimum   = 14 + 2 + 2 + 2*icosN
)

// flowControl is what the port obeys: pause frames, and of which cos PFC frames. A
// port that is not there obeys nothing.
func (e *portEntry) flowControl() (pause bool, pfc uint8) {
	if e == nil {
		return false, 0
	}
	return e.values.flag("$RX_PAUSE_FRAME_EN"), uint8(e.values.num("$RX_PFC_EN_MAP"))
}

func (e *portEntry) obeys() bool {
	pause, pfc := e.flowControl()
	return pause || pfc != 0
}

// pause obeys a flow control frame that arrived at a time. It tells whether it was
// one; the caller holds the lock of the port's pipe.
func (m *tm) pause(p Port, frame []byte, now int64) bool {
	var until [icosN]int64
	is, named := m.obey(p, frame, now, &until)
	if named != 0 {
		m.s.pktgen.paused(p, named, &until, now)
	}
	return is
}

// obey is pause without the packet generator: of a PFC frame it gives until when
// which priorities are paused.
func (m *tm) obey(p Port, frame []byte, now int64, until *[icosN]int64) (is bool, named uint8) {
	if len(frame) < pauseMinimum || binary.BigEndian.Uint16(frame[12:]) != macControl {
		return false, 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	pt := m.port(p)
	if pt == nil {
		return false, 0
	}
	switch binary.BigEndian.Uint16(frame[14:]) {
	case opcodePause:
		if !pt.rxPause {
			return false, 0
		}
		for i, own := 0, pt.own(); i < len(own); i++ {
			own[i].paused = pt.until(now, frame[16:])
		}
	case opcodePFC:
		if pt.rxPFC == 0 || len(frame) < pfcMinimum {
			return false, 0
		}
		named = frame[17] & pt.rxPFC
		for cos := range until {
			until[cos] = pt.until(now, frame[18+2*cos:])
		}
		for i, own := 0, pt.own(); i < len(own); i++ {
			if cos := own[i].cos; named>>cos&1 != 0 {
				own[i].paused = until[cos]
			}
		}
	default:
		return false, 0
	}
	m.schedule(pt, now)
	return true, named
}

// until is the end of a pause of so many quanta; none end one.
func (pt *outPort) until(now int64, quanta []byte) int64 {
	return now + int64(uint64(binary.BigEndian.Uint16(quanta))*quantumBits*1e9/pt.line.rate)
}
