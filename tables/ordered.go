package tables

// ordered numbers objects by handles, from 1, and lists them in that order. The
// zero value works. The handle freed last is given out first, so that undoing
// changes in reverse restores it exactly.
type ordered[T any] struct {
	slots []orderedSlot[T]
	free  []uint32
}

type orderedSlot[T any] struct {
	v    T
	used bool
}

func (o *ordered[T]) add(v T) uint32 {
	if n := len(o.free); n > 0 {
		h := o.free[n-1]
		o.free = o.free[:n-1]
		o.slots[h-1] = orderedSlot[T]{v, true}
		return h
	}
	o.slots = append(o.slots, orderedSlot[T]{v, true})
	return uint32(len(o.slots))
}

func (o *ordered[T]) remove(h uint32) {
	o.slots[h-1] = orderedSlot[T]{}
	o.free = append(o.free, h)
}

// restore undoes remove: h is the handle freed last.
func (o *ordered[T]) restore(h uint32, v T) {
	if n := len(o.free); n == 0 || o.free[n-1] != h {
		panic("BUG: changes undone out of order")
	}
	o.free = o.free[:len(o.free)-1]
	o.slots[h-1] = orderedSlot[T]{v, true}
}

// get finds the object with a handle.
func (o *ordered[T]) get(h uint32) (v T, ok bool) {
	if h == 0 || h > uint32(len(o.slots)) {
		return v, false
	}
	return o.slots[h-1].v, o.slots[h-1].used
}

func (o *ordered[T]) all() []T {
	var out []T
	for _, s := range o.slots {
		if s.used {
			out = append(out, s.v)
		}
	}
	return out
}
