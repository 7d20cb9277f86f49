package tables

// Attribute reads an attribute of a match table.
func (mt *matchTable) Attribute(t Target, name string) ([]DataField, error) {
	switch {
	case name == meterAttribute:
		return mt.meterAdjust(t, mt.pipes, mt.timedCells())
	case name == attrKeyMask:
		return mt.keyMask(), nil
	case name == attrIdleTimeout && mt.idle != nil:
		return mt.idle.conf.Fields(), nil
	}
	return nil, noAttribute("read attribute of", mt.spec, name)
}

// SetAttribute writes an attribute of a match table.
func (mt *matchTable) SetAttribute(t Target, name string, data []DataField) error {
	const op = "set attribute of"
	switch {
	case name == meterAttribute:
		return mt.setMeterAdjust(t, mt.pipes, mt.timedCells(), data)
	case name == attrKeyMask:
		return mt.setKeyMask(op, data)
	case name == attrIdleTimeout && mt.idle != nil:
		return mt.setIdleTimeout(op, data)
	}
	return noAttribute(op, mt.spec, name)
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
