package tables

// ordered numbers objects by handles, from 1, and lists them in that order. The
// zero value works. The lowest free handle is given out first.
type ordered[T any] struct {
	slots []orderedSlot[T]
	free  freeSet
}

type orderedSlot[T any] struct {
	v    T
	used bool
}

func (o *ordered[T]) add(v T) uint32 {
	if h, ok := o.free.take(); ok {
		o.slots[h-1] = orderedSlot[T]{v, true}
		return h
	}
	o.slots = append(o.slots, orderedSlot[T]{v, true})
	return uint32(len(o.slots))
}

// remove frees a handle. There is never a free slot at the end: what is left of
// the past is the free handles below the highest in use.
func (o *ordered[T]) remove(h uint32) {
	o.slots[h-1] = orderedSlot[T]{}
	o.free.add(h)
	for n := len(o.slots); n > 0 && !o.slots[n-1].used; n-- {
		o.slots = o.slots[:n-1]
		o.free.remove(uint32(n))
	}
}

// restore undoes remove.
func (o *ordered[T]) restore(h uint32, v T) {
	for uint32(len(o.slots)) < h {
		o.slots = append(o.slots, orderedSlot[T]{})
		o.free.add(uint32(len(o.slots)))
	}
	o.free.remove(h)
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
