package pre

// DeviceConfig is what a controller sets for the whole engine
// (pre_device_config).
type DeviceConfig struct {
	GlobalRID      RID
	PortProtection bool // backup ports replace ports that are down
	FastFailover   bool // a failing link counts at once
	MaxNodes       int  // most L1 entries of a tree
	MaxPortLAGs    int  // most ports and LAGs of a node in one pipe
	// YieldAfter so many nodes the chip's driver lets others write. It is kept;
	// here nobody waits for long.
	YieldAfter int
}

// DeviceConfig is the configuration as it is now.
func (e *Engine) DeviceConfig() DeviceConfig {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &e.ports
	return DeviceConfig{
		GlobalRID: s.globalRID, PortProtection: s.protection, FastFailover: s.failover,
		MaxNodes: s.maxNodes, MaxPortLAGs: s.maxPortLAGs,
		YieldAfter: s.yield,
	}
}

// SetDeviceConfig sets all of it at once.
func (e *Engine) SetDeviceConfig(c DeviceConfig) Undo {
	undo := []Undo{
		e.SetGlobalRID(c.GlobalRID), e.SetPortProtection(c.PortProtection), e.SetLimits(c.MaxNodes, c.MaxPortLAGs),
		e.set(func(s *portState) { s.yield = c.YieldAfter }),
	}
	// Switching failover on, which it is already, would latch links again.
	if e.DeviceConfig().FastFailover != c.FastFailover {
		undo = append(undo, e.SetFastFailover(c.FastFailover))
	}
	return func() {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
	}
}
