package tables

// Attribute reads an attribute of a match table.
func (s *matchScopes) Attribute(t Target, name string) ([]DataField, error) {
	first := s.parts[0].t
	switch {
	case name == attrEntryScope:
		return scopeValues{scope: s.scope}.fields(0), nil
	case name == meterAttribute:
		return s.meterAdjust(t, s.pipes, first.timedCells())
	case name == attrKeyMask:
		return first.keyMask(), nil
	case name == attrIdleTimeout && first.idle != nil:
		return first.idle.conf.Fields(), nil
	}
	return nil, noAttribute("read attribute of", s.spec, name)
}

// SetAttribute writes an attribute of a match table. They are the same in all of
// its scopes, but for the one that is each pipe's.
func (s *matchScopes) SetAttribute(t Target, name string, data []DataField) error {
	const op = "set attribute of"
	first := s.parts[0].t
	switch {
	case name == attrEntryScope:
		return s.setScope(op, data, s.followers...)
	case name == meterAttribute:
		return s.setMeterAdjust(t, s.pipes, first.timedCells(), data)
	case name == attrKeyMask:
		if n := s.count(); n > 0 {
			return s.fail(op, ErrInUse, "%s: the table has %d entries: it must be empty", attrKeyMask, n)
		}
		return s.each(func(mt *matchTable) error { return mt.setKeyMask(op, data) })
	case name == attrIdleTimeout && first.idle != nil:
		return s.each(func(mt *matchTable) error { return mt.setIdleTimeout(op, data) })
	}
	return noAttribute(op, s.spec, name)
}

// each does the same in all scopes; what it may refuse does not depend on them.
func (s *matchScopes) each(do func(*matchTable) error) error {
	for _, p := range s.everywhere() {
		if err := do(p.t); err != nil {
			return err
		}
	}
	return nil
}

func (mt *matchTable) setIdleTimeout(op string, data []DataField) error {
	a, err := ParseIdleTimeout(data)
	if err == nil {
		err = mt.idle.configure(a)
	}
	if err != nil {
		return mt.fail(op, ErrInvalid, "%s: %v", attrIdleTimeout, err)
	}
	return nil
}
