package model

import (
	"maps"
	"slices"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// The packet generator's tables (bfrt-fixed-tables.md). All but port_cfg have
// entries of their own in each pipe; to write all pipes writes each.

const (
	pktgenTimer = "timer_nanosec#1:uint32"

	pktgenPatterns1 = "pattern_value#4:uint32; pattern_mask#5:uint32"
	pktgenPatterns2 = "pattern_value#4:bytes128; pattern_mask#5:bytes128"

	pktgenData1 = "app_enable#12:bool; pkt_len#13:uint16; pkt_buffer_offset#14:uint16; pipe_local_source_port#15:uint32; " +
		"increment_source_port#16:bool; batch_count_cfg#17:uint16; packets_per_batch_cfg#18:uint16; ibg#19:uint32; ibg_jitter#20:uint32; " +
		"ipg#21:uint32; ipg_jitter#22:uint32; batch_counter#23:uint64; pkt_counter#24:uint64; trigger_counter#25:uint64"
	pktgenData2 = "app_enable#12:bool; pkt_len#13:bytes16; pkt_buffer_offset#14:bytes16; pipe_local_source_port#15:uint32; " +
		"increment_source_port#16:bool; batch_count_cfg#17:bytes16; packets_per_batch_cfg#18:bytes16; ibg#19:uint32; ibg_jitter#20:uint32; " +
		"ipg#21:uint32; ipg_jitter#22:uint32; batch_counter#23:uint64; pkt_counter#24:uint64; trigger_counter#25:uint64; " +
		"offset_len_from_recir_pkt_enable#26:bool; source_port_wrap_max#27:bytes8; assigned_chnl_id#28:bytes8"
)

// name of a table of the chip.
func (g *pktgen) name(table string) string {
	if g.s.target == ir.Tofino2 {
		return "tf2.pktgen." + table
	}
	return "tf1.pktgen." + table
}

func (g *pktgen) tables() []*fixedTable {
	out := []*fixedTable{g.portCfg(), g.appCfg(), g.bufferCfg()}
	if g.s.target == ir.Tofino2 {
		out = append(out, g.portMaskCfg(), g.replayCfg())
	}
	return out
}

// on yields the pipes that a key means.
func (g *pktgen) on(k fixedKey) []*genPipe {
	var out []*genPipe
	for n := range g.pipes {
		if k.pipe == 0 || k.pipe == n+1 {
			out = append(out, &g.pipes[n])
		}
	}
	return out
}

// ------------------------------------------------------------------ port_cfg

func (g *pktgen) portCfg() *fixedTable {
	t := &fixedTable{spec: fixedSpec(g.name("port_cfg"), 0xff030001, "PktgenPortCfg", 256, "dev_port#1:uint32",
		"recirculation_enable#1:bool; pktgen_enable#2:bool; pattern_matching_enable#3:bool; clear_port_down_enable#4:bool")}
	t.spec.Key[0].Mandatory = false
	t.modify = g.setPort
	t.get = g.readPort
	t.keys = g.s.everyPort
	return t
}

// generator numbers the ports that can generate; -1 for others.
func (g *pktgen) generator(p Port) int {
	if first, n := g.generators(); p.Local() >= first && p.Local() < first+n {
		return p.Local() - first
	}
	return -1
}

// switchable: ports whose recirculation can be turned on: on Tofino the group
// of local port 64, named by its first port; on Tofino 2 the channels 2 to 5,
// which are the CPU's in pipe 0.
func (g *pktgen) switchable(p Port) (group []Port) {
	if g.s.target == ir.Tofino2 {
		if l := p.Local(); l >= 2 && l <= 5 && p.Pipe() == 0 {
			return []Port{p}
		}
		return nil
	}
	if p.Local() == 64 {
		return []Port{p, p + 1, p + 2, p + 3}
	}
	return nil
}

// setPort changes what is named in the entry of one port.
func (g *pktgen) setPort(k fixedKey, r record) (func(), error) {
	p, err := g.s.portKey(k.n[0])
	if err != nil {
		return nil, err
	}
	n, group := g.generator(p), g.switchable(p)
	recirc, setRecirc := r["recirculation_enable"].(bool)
	if setRecirc && group == nil && recirc != recirculates(g.s.target, p) {
		return nil, refused(tables.ErrInvalid, "recirculation_enable of port %d cannot be changed (ports: %s)", p,
			map[ir.Target]string{ir.Tofino: "64 of each pipe, for it and the three after it", ir.Tofino2: "2 to 5"}[g.s.target])
	}
	enable, setEnable := r["pktgen_enable"].(bool)
	match, setMatch := r["pattern_matching_enable"].(bool)
	first, many := g.generators()
	if n < 0 && (enable || match) {
		return nil, refused(tables.ErrInvalid, "port %d cannot generate packets or match recirculated ones (local ports: %d..%d)", p, first, first+many-1)
	}
	s := g.s
	s.mu.Lock()
	defer s.mu.Unlock()
	g.mu.Lock()
	gp, l := &g.pipes[p.Pipe()], p.Local()
	seen, oldMatch, oldLoop, oldEnabled := gp.seen[l], g.match[p], g.loop, gp.enabled
	if r.flag("clear_port_down_enable") {
		gp.seen[l] = false
	}
	if setEnable && n >= 0 {
		gp.enabled[n] = enable
	}
	g.mu.Unlock()
	if setMatch {
		g.match[p] = match
	}
	if setRecirc {
		for _, q := range group {
			g.loop[q] = recirc
			s.setPortFlags(q)
		}
	}
	s.setPortFlags(p)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		g.mu.Lock()
		gp.seen[l], gp.enabled = seen, oldEnabled
		g.mu.Unlock()
		g.match[p], g.loop = oldMatch, oldLoop
		for _, q := range append(group, p) {
			s.setPortFlags(q)
		}
	}, nil
}

// readPort tells for clear_port_down_enable whether the port was cleared.
func (g *pktgen) readPort(k fixedKey) (record, string, error) {
	p, err := g.s.portKey(k.n[0])
	if err != nil {
		return nil, "", err
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	gp, n := &g.pipes[p.Pipe()], g.generator(p)
	return record{
		"recirculation_enable":    recirculates(g.s.target, p) || g.loop[p],
		"pktgen_enable":           n >= 0 && gp.enabled[n],
		"pattern_matching_enable": g.match[p],
		"clear_port_down_enable":  !gp.seen[p.Local()],
	}, "", nil
}

// ------------------------------------------------------------------- app_cfg

func (g *pktgen) appCfg() *fixedTable {
	data, patterns, down := pktgenData1, pktgenPatterns1, ""
	if g.s.target == ir.Tofino2 {
		data, patterns, down = pktgenData2, pktgenPatterns2, "port_mask_sel#3:uint32"
	}
	t := &fixedTable{
		spec:  fixedSpec(g.name("app_cfg"), 0xff030002, "PktgenAppCfg", g.apps, "app_id#1:uint32", data),
		pipes: len(g.pipes), actionOptional: true,
	}
	t.spec.Key[0].Mandatory = false
	t.spec.Actions = []tables.ActionSpec{
		{ID: 1, Name: "trigger_timer_one_shot", Data: fields(pktgenTimer)},
		{ID: 2, Name: "trigger_timer_periodic", Data: fields(pktgenTimer)},
		{ID: 3, Name: "trigger_port_down"},
		{ID: 4, Name: "trigger_recirc_pattern", Data: fields(patterns)},
	}
	if down != "" {
		t.spec.Actions[2].Data = fields(down)
		t.spec.Actions = append(t.spec.Actions,
			tables.ActionSpec{ID: 5, Name: "trigger_dprsr", Data: fields(patterns)},
			tables.ActionSpec{ID: 6, Name: "trigger_pfc", Data: fields("pfc_header#8:bytes128; timer_enable#9:bool; timer#10:bytes16; max_pfc_events#11:bytes10")})
	}
	t.modify = g.setApp
	t.clear = g.clearApps
	t.get = g.readApp
	t.keys = func() []fixedKey { return upTo(g.apps) }
	return t
}

// counterFields of an application's entry: state, not configuration.
var counterFields = []string{"trigger_counter", "batch_counter", "pkt_counter"}

func (a *genApp) counter(name string) *uint64 {
	switch name {
	case "trigger_counter":
		return &a.triggers
	case "batch_counter":
		return &a.batches
	}
	return &a.packets
}

// setApp changes an application in the pipes that are meant: all or none.
func (g *pktgen) setApp(k fixedKey, r record) (func(), error) {
	if err := g.appKey(k); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	type change struct {
		a      *genApp
		values record
		conf   genConf
	}
	var todo []change
	for _, gp := range g.on(k) {
		a := &gp.apps[k.n[0]]
		values, conf, err := g.configure(a, r)
		if err != nil {
			return nil, err
		}
		todo = append(todo, change{a, values, conf})
	}
	undo := g.snapshot()
	for _, c := range todo {
		a := c.a
		for _, f := range counterFields {
			if _, ok := r[f]; ok {
				*a.counter(f) = r.num(f) & pktgenCounterMask
			}
		}
		on, given := r["app_enable"].(bool)
		if given && !on && a.enabled {
			g.disable(a)
		}
		a.values, a.conf = c.values, c.conf
		if given && on && !a.enabled {
			g.enable(a)
		}
	}
	return undo, nil
}

func (g *pktgen) appKey(k fixedKey) error {
	if k.n[0] >= uint64(g.apps) {
		return refused(tables.ErrInvalid, "app_id %d (applications: 0..%d)", k.n[0], g.apps-1)
	}
	return nil
}

// configure is what an application's configuration becomes. It must be disabled
// for that, or become so.
func (g *pktgen) configure(a *genApp, r record) (record, genConf, error) {
	change := maps.Clone(r)
	delete(change, "app_enable")
	for _, f := range counterFields {
		delete(change, f)
	}
	on, given := r["app_enable"].(bool)
	if len(change) > 0 && a.enabled && (!given || on) {
		return nil, genConf{}, refused(tables.ErrInvalid, "application %d of pipe %d is enabled: its configuration can change only while app_enable is false", a.id, a.pipe)
	}
	values := a.values
	if len(change) > 0 {
		values = maps.Clone(a.values)
		if values == nil {
			values = record{}
		}
		if action, ok := change[actionField]; ok && action != values[actionField] {
			for _, f := range []string{"timer_nanosec", "pattern_value", "pattern_mask", "port_mask_sel", "pfc_header", "timer_enable", "timer", "max_pfc_events"} {
				delete(values, f)
			}
		}
		maps.Copy(values, change)
	}
	conf, err := g.compile(values)
	if err == nil && conf.on == pfcTrigger {
		err = g.onlyPFC(a)
	}
	if err == nil && on && conf.on == noTrigger {
		err = refused(tables.ErrInvalid, "application %d of pipe %d has no trigger to be enabled with", a.id, a.pipe)
	}
	return values, conf, err
}

// compile turns what was written into what the hardware has. Counts are
// written less one.
func (g *pktgen) compile(r record) (genConf, error) {
	c := genConf{
		on: triggerNames[r.text(actionField)], period: max(g.cycles(r.num("timer_nanosec")), 1),
		portMask: int(r.num("port_mask_sel")), length: int(r.num("pkt_len")), offset: int(r.num("pkt_buffer_offset")),
		source: int(r.num("pipe_local_source_port")), increment: r.flag("increment_source_port"), wrap: int(r.num("source_port_wrap_max")),
		batches: int(r.num("batch_count_cfg")) + 1, perOne: int(r.num("packets_per_batch_cfg")) + 1,
		ibg: g.cycles(r.num("ibg")), ipg: g.cycles(r.num("ipg")),
		ibgJit: uint64(g.cycles(r.num("ibg_jitter"))), ipgJit: uint64(g.cycles(r.num("ipg_jitter"))),
		channel: int(r.num("assigned_chnl_id")),
	}
	if b, ok := r["pattern_value"].([]byte); ok {
		copy(c.pattern[:], b)
	}
	if b, ok := r["pattern_mask"].([]byte); ok {
		copy(c.mask[:], b)
	}
	for _, lim := range []struct {
		name string
		n    int
		most int
	}{
		{"port_mask_sel", c.portMask, 1}, {"assigned_chnl_id", c.channel, pktgenPorts - 1},
		{"pipe_local_source_port", c.source, localMask}, {"source_port_wrap_max", c.wrap, localMask},
		{"pkt_buffer_offset", c.offset, pktgenBuffer - 16}, {"pkt_buffer_offset plus pkt_len", c.offset + c.length, pktgenBuffer},
	} {
		if lim.n > lim.most {
			return c, refused(tables.ErrInvalid, "%s is %d (most: %d)", lim.name, lim.n, lim.most)
		}
	}
	if c.offset%16 != 0 {
		return c, refused(tables.ErrInvalid, "pkt_buffer_offset is %d: it must be a multiple of 16", c.offset)
	}
	if c.on == pfcTrigger {
		var err error
		if c.pfc, err = g.pfcConf(r); err != nil {
			return c, err
		}
	}
	if r.flag("offset_len_from_recir_pkt_enable") {
		return c, refused(tables.ErrNotSupported, "offset_len_from_recir_pkt_enable is not emulated: where the packet has them is not public")
	}
	return c, nil
}

// snapshot is how to get back to the applications as they are. The caller holds
// mu.
func (g *pktgen) snapshot() func() {
	old := make([][maxApps]genState, len(g.pipes))
	for n := range g.pipes {
		for i := range g.pipes[n].apps {
			old[n][i] = g.pipes[n].apps[i].genState
		}
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for n := range g.pipes {
			for i := range g.pipes[n].apps {
				g.pipes[n].apps[i].genState = old[n][i]
				g.arm(&g.pipes[n].apps[i])
			}
		}
	}
}

func (g *pktgen) clearApps(all fixedKey) (func(), error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	undo := g.snapshot()
	for _, gp := range g.on(all) {
		for i := range gp.apps {
			gp.apps[i].genState = genState{}
			g.arm(&gp.apps[i])
		}
	}
	return undo, nil
}

// readApp sums the counters of the pipes that are meant; the rest is of the
// first of them that was configured.
func (g *pktgen) readApp(k fixedKey) (record, string, error) {
	if err := g.appKey(k); err != nil {
		return nil, "", err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var sums [3]uint64
	pipes := g.on(k)
	for _, gp := range pipes {
		for i, f := range counterFields {
			sums[i] += *gp.apps[k.n[0]].counter(f)
		}
	}
	a := &pipes[0].apps[k.n[0]]
	for _, gp := range pipes {
		if a.values == nil {
			a = &gp.apps[k.n[0]]
		}
	}
	r := record{}
	maps.Copy(r, a.values)
	r["app_enable"] = a.enabled
	for i, f := range counterFields {
		r[f] = num64(sums[i])
	}
	return r, r.text(actionField), nil
}

// ---------------------------------------------------- pkt_buffer, port_mask

func (g *pktgen) bufferCfg() *fixedTable {
	t := &fixedTable{
		spec: fixedSpec(g.name("pkt_buffer"), 0xff030003, "PktgenPktBufferCfg", pktgenBuffer/16,
			"pkt_buffer_offset#1:uint32; pkt_buffer_size#2:uint32", "buffer#1:bytes8/R"),
		pipes: len(g.pipes),
	}
	for i := range t.spec.Key {
		t.spec.Key[i].Mandatory = false
	}
	t.modify = func(k fixedKey, r record) (func(), error) {
		offset, size, err := g.span(k)
		if err != nil {
			return nil, err
		}
		list := r.list("buffer")
		if len(list) != size {
			return nil, refused(tables.ErrInvalid, "buffer has %d bytes, pkt_buffer_size is %d", len(list), size)
		}
		bytes := make([]byte, size)
		for i, b := range list {
			bytes[i] = byte(b)
		}
		return g.fill(k, offset, bytes), nil
	}
	t.clear = func(all fixedKey) (func(), error) { return g.fill(all, 0, make([]byte, pktgenBuffer)), nil }
	t.get = func(k fixedKey) (record, string, error) {
		offset, size, err := g.span(k)
		if err != nil {
			return nil, "", err
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		list := []uint32{}
		for _, b := range g.on(k)[0].buffer[offset : offset+size] {
			list = append(list, uint32(b))
		}
		return record{"buffer": list}, "", nil
	}
	return t
}

// span checks the key of a part of the buffer.
func (g *pktgen) span(k fixedKey) (offset, size int, err error) {
	switch {
	case k.n[0]%16 != 0:
		err = refused(tables.ErrInvalid, "pkt_buffer_offset is %d: it must be a multiple of 16", k.n[0])
	case k.n[0]+k.n[1] > pktgenBuffer:
		err = refused(tables.ErrInvalid, "%d bytes at offset %d: the buffer has %d bytes", k.n[1], k.n[0], pktgenBuffer)
	}
	return int(k.n[0]), int(k.n[1]), err
}

// fill writes a part of the buffers.
func (g *pktgen) fill(k fixedKey, offset int, b []byte) (undo func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var old [][]byte
	for _, gp := range g.on(k) {
		part := gp.buffer[offset : offset+len(b)]
		old = append(old, slices.Clone(part))
		copy(part, b)
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for i, gp := range g.on(k) {
			copy(gp.buffer[offset:], old[i])
		}
	}
}

func (g *pktgen) portMaskCfg() *fixedTable {
	t := &fixedTable{
		spec:  fixedSpec(g.name("port_mask"), 0xff030004, "PktgenPortMaskCfg", 2, "port_mask_sel#1:uint32", "mask#1:bytes72"),
		pipes: len(g.pipes),
	}
	t.spec.Key[0].Mandatory = false
	check := func(k fixedKey) error {
		if k.n[0] > 1 {
			return refused(tables.ErrInvalid, "port_mask_sel %d (masks: 0, 1)", k.n[0])
		}
		return nil
	}
	set := func(k fixedKey, r record) (func(), error) {
		if err := check(k); err != nil {
			return nil, err
		}
		b, ok := r["mask"].([]byte)
		if !ok {
			return func() {}, nil
		}
		// Bit 0, the last byte's least significant, is local port 0.
		var mask [128]bool
		for l := range 72 {
			mask[l] = b[len(b)-1-l/8]>>(l%8)&1 != 0
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		var old [][128]bool
		for _, gp := range g.on(k) {
			old = append(old, gp.mask[k.n[0]])
			gp.mask[k.n[0]] = mask
		}
		return func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			for i, gp := range g.on(k) {
				gp.mask[k.n[0]] = old[i]
			}
		}, nil
	}
	t.modify = set
	t.get = func(k fixedKey) (record, string, error) {
		if err := check(k); err != nil {
			return nil, "", err
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		b := make([]byte, 9)
		for l, on := range g.on(k)[0].mask[k.n[0]] {
			if on {
				b[8-l/8] |= 1 << (l % 8)
			}
		}
		return record{"mask": b}, "", nil
	}
	t.clear = func(all fixedKey) (func(), error) {
		var undo []func()
		for n := range uint64(2) {
			u, err := set(fixedKey{n: [2]uint64{n}, pipe: all.pipe}, record{"mask": make([]byte, 9)})
			if err != nil {
				return nil, err
			}
			undo = append(undo, u)
		}
		return func() {
			for _, u := range undo {
				u()
			}
		}, nil
	}
	t.keys = func() []fixedKey { return upTo(2) }
	return t
}

func (g *pktgen) replayCfg() *fixedTable {
	t := &fixedTable{
		spec: fixedSpec(g.name("port_down_replay"), 0xff030005, "PktgenPortDownReplyCfg", 1, "",
			"replay_mode#1:enum{REPLAY_NONE,REPLAY_ALL,REPLAY_MISSED}"),
		pipes: len(g.pipes),
	}
	t.modify = func(k fixedKey, r record) (func(), error) {
		mode := slices.Index(replayModes, r.text("replay_mode"))
		if mode < 0 {
			return nil, refused(tables.ErrInvalid, "field replay_mode is missing")
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		var old []int
		for _, gp := range g.on(k) {
			old = append(old, gp.replay)
			gp.replay = mode
		}
		return func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			for i, gp := range g.on(k) {
				gp.replay = old[i]
			}
		}, nil
	}
	t.get = func(k fixedKey) (record, string, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		return record{"replay_mode": replayModes[g.on(k)[0].replay]}, "", nil
	}
	return t
}
