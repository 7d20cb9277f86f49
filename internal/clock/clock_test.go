package clock

import "testing"

func TestVirtualStandsStill(t *testing.T) {
	var v Virtual
	if v.Now() != 0 || v.Advance(5) != 5 || v.Now() != 5 {
		t.Errorf("now %d, want 5", v.Now())
	}
	v.Set(100)
	if v.Now() != 100 {
		t.Errorf("now %d, want 100", v.Now())
	}
}

func TestRealMovesOn(t *testing.T) {
	r := NewReal()
	last := r.Now()
	for range 1000 {
		now := r.Now()
		if now < last {
			t.Fatalf("time went back from %d to %d", last, now)
		}
		last = now
	}
}
