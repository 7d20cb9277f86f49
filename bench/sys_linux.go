package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// allocate returns memory outside of the Go heap, which a port may borrow.
func allocate(n int) ([]byte, error) {
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_POPULATE)
}

func free(mem []byte) { unix.Munmap(mem) }

// pin binds the calling thread to a processor.
func pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(0, &set)
}

func threadID() int { return unix.Gettid() }

// threadCPU is the processor time of a thread of this process; 0 if it is gone.
func threadCPU(tid int) time.Duration {
	// The clock of a thread, as clock_getcpuclockid(3) makes it: the inverted
	// number, and 6 for "scheduled time of one thread".
	return clockTime(int32(^tid<<3 | 6))
}

func processCPU() time.Duration { return clockTime(unix.CLOCK_PROCESS_CPUTIME_ID) }

func clockTime(clock int32) time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(clock, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
