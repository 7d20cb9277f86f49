package fidelity

// Features is the list, by area.
func Features() []Feature {
	var all []Feature
	for _, area := range []struct {
		name string
		rows []Feature
	}{
		{"Architectures and programs", architecture()},
		{"Parser", parsing()},
		{"Tables", matching()},
		{"Stateful externs", stateful()},
		{"Other externs", externs()},
		{"Deparser, mirror, resubmit", leaving()},
		{"Traffic manager and replication", replication()},
		{"Chip and ports", chipwide()},
		{"BFRuntime", bfruntime()},
		{"Limits", limits()},
	} {
		for _, f := range area.rows {
			f.Area = area.name
			all = append(all, f)
		}
	}
	return all
}

func architecture() []Feature {
	return []Feature{
		{Name: "TNA, Switch of Pipelines", Fact: "tna 1", Test: "p4/lower TestGolden"},
		{Name: "T2NA, Switch of Pipelines", Fact: "tna 1", Test: "p4 TestRegisterActionForms"},
		{Name: "MultiParserSwitch: the parser by local port / 4", Fact: "tna 1", Test: "p4 TestParserByPort"},
		{Name: "Programs with several pipelines", Fact: "tna 1", State: Modelled, Test: "model TestFoldedPipes",
			Note: "pipe n runs pipeline n modulo their number"},
		{Name: "Several programs, each in pipes of its own", Fact: "tna 1", Test: "model TestProgramsHaveTheirOwnTables"},
		{Name: "Other programs in a running switch (warm init)", Fact: "bfrt 3", State: Modelled, Test: "model TestReplacePrograms",
			Note: "both modes restart the pipes: tables, ports, mirror sessions and replication are as after init; links stay"},
		{Name: "Ports of inner pipes wired to themselves", Fact: "chip 1", State: Modelled, Test: "model TestFoldedPipes",
			Note: "Config.LoopPipes; which pipes a box folds is a matter of the box"},
		{Name: "Field validity, intrinsic metadata", Fact: "tna 3", Test: "p4 TestIntrinsicValidity"},
		{Name: "Uninitialised fields", Fact: "tna 3", State: Modelled, Test: "pipeline TestMemoryIsZeroForEveryPacket",
			Note: "zero; on the chip a container may hold what another field left there"},
		{Name: "Ghost thread of Tofino 2", Fact: "tna 11", State: Refused, Test: "p4/lower testdata/errors/tofino2.p4",
			Note: "queue depths exist, but when the chip reports them to the ghost thread, and which registers it shares with ingress, is not public"},
		{Name: "Other architectures", Fact: "tna 1", State: Refused, Test: "p4/lower testdata/errors/arch.p4", Note: "v1model, PSA and others have no chip here"},
	}
}

func parsing() []Feature {
	return []Feature{
		{Name: "States, select, masks, ranges, lookahead, advance", Fact: "tna 8", Test: "p4 TestParserSemantics"},
		{Name: "Parser errors and whom they drop", Fact: "tna 2.2", Test: "pipeline TestParserErrorsDropInIngressOnly"},
		{Name: "Timeout after 128 states", Fact: "chip 2", Test: "pipeline TestParserTimesOutAfter128States"},
		{Name: "Header stacks", Fact: "tna 8", Test: "pipeline TestStackExtractsNextAndReadsLast"},
		{Name: "Parser counter, its stack on Tofino 2", Fact: "tna 8", Test: "pipeline TestParserCounter", State: Modelled,
			Note: "a push on a full stack loses the oldest entry, a pop of an empty one gives 0"},
		{Name: "Checksums: verify, get, residual", Fact: "tna 8", Test: "pipeline TestParserChecksums"},
		{Name: "Value sets", Fact: "tna 8", Test: "pipeline TestValueSetInSelect"},
		{Name: "Parser priority", Fact: "tna 8", State: Modelled, Test: "p4/lower TestGolden", Note: "packets do not compete for the match-action units, so it changes nothing"},
		{Name: "Headers that are not whole bytes", Fact: "tna 7", State: Modelled, Test: "p4 TestHeadersOfAnyWidth", Note: "relaxed only; packed as written"},
	}
}

func matching() []Feature {
	return []Feature{
		{Name: "Exact, ternary, lpm, range keys and their priorities", Fact: "tna 10", Test: "tables TestEnginesMatchScan"},
		{Name: "Equal priorities", Fact: "tna 10", State: Modelled, Test: "tables TestTernaryTieKeepsInsertionOrder", Note: "the entry added first wins"},
		{Name: "Const and initial entries, defaults, hit and action_run", Fact: "tna 10", Test: "p4 TestTableSemantics"},
		{Name: "Action profiles", Fact: "tna 10", Test: "tables TestStoreProfileAndSelector"},
		{Name: "Action selectors, fair and resilient", Fact: "chip 8", Test: "tables TestChooseMatchesTheChip", Note: "a group of several words is laid out as the driver lays out a new one; which word holds a member after removals, or with selector_member_order, is ours"},
		{Name: "SelectorAction", Fact: "tna 10", State: Refused, Test: "p4/lower testdata/errors/notyet.p4", Note: "which bit of the selector memory an index means depends on the driver's placement"},
		{Name: "Liveness register of a selector", Fact: "tna 10", State: Refused, Test: "p4/lower testdata/errors/tofino2.p4", Note: "as SelectorAction"},
		{Name: "Alpm and Atcam", Fact: "tna 10", Test: "p4 TestTableSemantics/longest prefix wins"},
		{Name: "Dynamic key masks", Fact: "tna 10", Test: "p4 TestKeyMask"},
		{Name: "Proxy hash", Fact: "chip 4", Test: "p4 TestProxyHash", State: Modelled, Note: "keys of one hash hit alike; an entry whose hash is taken is refused"},
		{Name: "dleft_hash tables of Tofino 2", Fact: "chip 4", State: Refused, Test: "p4/lower testdata/errors/tofino2.p4", Note: "no public description of their learning"},
		{Name: "Idle timeout, poll and notify", Fact: "chip 10", Test: "tables TestIdleNotificationsOfRandomRuns"},
		{Name: "Entries of a pipe or a group of pipes (EntryScope)", Fact: "bfrt 6", Test: "tables TestEntryScopes"},
		{Name: "Value sets of a parser (EntryScope)", Fact: "bfrt 6", Test: "tables TestValueSetScopes"},
		{Name: "Errors of full tables, duplicate and missing keys", Fact: "chip 12", Test: "tables TestStoreErrors"},
		{Name: "Tables, keys and ids of bf-rt.json", Fact: "chip 12", Test: "tables TestDynamicIDs"},
	}
}

func stateful() []Feature {
	return []Feature{
		{Name: "Counters, direct counters, byte adjustment", Fact: "chip 6", Test: "tables TestStoreCounters"},
		{Name: "True egress accounting", Fact: "chip 6", State: Modelled, Test: "p4 TestTrueEgressAccounting", Note: "packets that drop_ctl drops have been counted"},
		{Name: "Registers of 1 to 32 bits and pairs, register actions", Fact: "chip 5", Test: "pipeline TestRegisterActions"},
		{Name: "Registers of 64 bits (Tofino 2)", Fact: "chip 5", Test: "p4 TestRegisterActionForms/64-bit cells"},
		{Name: "Registers of 128 bits (Tofino 2)", Fact: "chip 5", State: Modelled, Test: "p4 TestRegisterActionForms/128-bit cells", Note: "in the table API two fields, f1_lo and f1_hi"},
		{Name: "Direct registers, read, write, actions", Fact: "tna 10", Test: "p4 TestRegisterActionForms/direct register read and written"},
		{Name: "predicate() with and without comparisons", Fact: "chip 5", Test: "p4 TestRegisterActionForms/predicate of the conditions"},
		{Name: "RegisterAction2, 3 and 4, struct results", Fact: "tna 11", Test: "p4 TestRegisterActionForms/four results"},
		{Name: "min8, max8, min16, max16, MinMaxAction", Fact: "chip 5", State: Modelled, Test: "p4 TestRegisterActionForms/smallest byte",
			Note: "unsigned; of equal elements the first; 0 where the mask is empty; postmod saturates"},
		{Name: "Register.clear", Fact: "tna 11", State: Modelled, Test: "p4 TestRegisterActionForms/clear", Note: "at once, so that busy stays 0; a busy value other than 0 is refused"},
		{Name: "LearnAction", Fact: "tna 11", State: Refused, Test: "p4/lower testdata/errors/tofino2.p4", Note: "belongs to dleft_hash tables"},
		{Name: "Registers as queues and stacks, sweep, address()", Fact: "tna 11", State: Refused, Test: "p4/lower testdata/errors/tofino2.p4", Note: "named when used; what the hardware does at the ends of a queue is not public"},
		{Name: "RegisterParam", Fact: "tna 10", Test: "p4 TestExternSemantics/register parameter"},
		{Name: "MathUnit", Fact: "chip 5", Test: "pipeline TestMathUnit"},
		{Name: "Meters: encoding and colours", Fact: "chip 7", State: Modelled, Test: "tables TestMeterColorsAreRFC2698", Note: "levels do not go below zero on a conforming packet"},
		{Name: "LPF", Fact: "chip 7", State: Modelled, Test: "tables TestLPFFollowsTheFilterEquation", Note: "first-order filter; the update equation is ours"},
		{Name: "WRED", Fact: "chip 7", State: Modelled, Test: "tables TestWREDDropsWithTheRightProbability", Note: "averages as the LPF does"},
	}
}

func externs() []Feature {
	return []Feature{
		{Name: "Hash: CRC of any polynomial, identity, xor", Fact: "tna 9", Test: "pipeline/hash TestCRCMatchesCatalogue"},
		{Name: "Hash: RANDOM", Fact: "tna 9", State: Modelled, Test: "pipeline/hash TestRandomHashIsLinearAndFixed", Note: "a fixed matrix of ours; the compiler's is drawn anew"},
		{Name: "Symmetric hashes", Fact: "tna 9", Test: "p4 TestExternSemantics/symmetric hash"},
		{Name: "Dynamic hashes", Fact: "tna 9", Test: "p4 TestDynamicHashAlgorithm", State: Modelled, Note: "the seed counts for RANDOM only; XOR folds to 8, 16 or 32 bits, as the output needs"},
		{Name: "Random", Fact: "tna 10", State: Modelled, Test: "model TestDeterminism", Note: "a seeded generator of ours, one per pipe"},
		{Name: "Digests: batches, duplicates, acknowledgement, timeout", Fact: "chip 10", Test: "model TestDigestBatchesOfRandomRuns"},
		{Name: "Snapshots: trigger, timer, fields, tables and next table of each stage", Fact: "bfrt 12", State: Modelled, Test: "model TestSnapshotCapture", Note: "stages are those of gofino fit; every field lives in every stage; containers of snapshot.phv are the words of the headers and metadata; packets of a pipe and gress with an armed snapshot run on the reference engine; meter_alu_info, global_execute and long branches are empty, the ghost thread has none"},
		{Name: "Debug counters", Fact: "tna 10", State: Modelled, Test: "model TestDebugCounters", Note: "from the first write of a type, or clear, on; logical tables are those of gofino fit; a table in several stages hits in its last; a condition hits when it is true; tables of bare statements do not count"},
		{Name: "Packet generator: headers, ids, counts, counters", Fact: "tna 2.6", Test: "model TestPktgenOneShotByHand"},
		{Name: "Packet generator: timers and gaps", Fact: "chip 10", State: Modelled, Test: "model TestPktgenTimersAsCalculated",
			Note: "a packet is written at 100 Gbit/s, jitter is evenly spread over 0 to twice the average, a period that ends while the application generates is lost: choices of ours"},
		{Name: "Packet generator: port down, once until cleared, replay", Fact: "tna 2.6", Test: "model TestPktgenPortDown"},
		{Name: "Packet generator: recirculated patterns", Fact: "tna 2.6", State: Modelled, Test: "model TestPktgenRecirculation", Note: "up to 128 triggers wait for an application that generates"},
		{Name: "Packet generator: deparser trigger (Tofino 2)", Fact: "tna 11", State: Modelled, Test: "model TestPktgenDeparser", Note: "as recirculated patterns"},
		{Name: "Packet generator: PFC trigger (Tofino 2)", Fact: "chip 10", State: Modelled, Test: "model TestPktgenPFC", Note: "what counts as a change and how an event is laid out is chosen (model/pktgen_pfc.go): priorities that an arriving PFC frame pauses or frees, 8 bytes each behind pfc_header"},
		{Name: "Packet generator: offset and length out of the packet (Tofino 2)", Fact: "chip 10", State: Refused, Test: "model TestPktgenTables", Note: "where the packet has them is not public"},
		{Name: "invalidate, is_validated, min, max, funnel shift", Fact: "tna 10", Test: "p4 TestExternSemantics/validated fields"},
	}
}

func leaving() []Feature {
	return []Feature{
		{Name: "Emission and payload", Fact: "chip 11", Test: "pipeline TestL3RoutesAndUpdatesTheChecksum"},
		{Name: "Checksum.update", Fact: "tna 8", Test: "pipeline TestChecksumUpdate"},
		{Name: "Mirror from ingress: the packet as received", Fact: "tna 4", Test: "model TestIngressMirrorsOriginal"},
		{Name: "Mirror from egress: the packet as deparsed", Fact: "tna 4", Test: "model TestEgressMirrorsDeparsed"},
		{Name: "mirror_io_select (Tofino 2)", Fact: "tna 11", Test: "model TestIngressMirrorsOriginal"},
		{Name: "Mirror sessions, truncation", Fact: "tna 6", Test: "model TestMirrorTruncation"},
		{Name: "Overrides of the mirror session (Tofino 2)", Fact: "tna 2.4", State: Modelled, Test: "model TestMirrorOverrides",
			Note: "a field counts where the packet was given one, unless the session's $..._cfg_flag says from the table; mirror_hash stands for both hashes, mirror_multicast_ctrl 1 sends both groups, mirror_qid always counts: choices of ours"},
		{Name: "mirror_deflect_on_drop (Tofino 2)", Fact: "tna 2.4", State: Modelled, Test: "model TestMirrorDeflectOnDrop", Note: "as the overrides"},
		{Name: "adv_flow_ctl (Tofino 2)", Fact: "tna 2.4", State: Modelled, Test: "model TestAdvancedFlowControl",
			Note: "layout as public programs write it; at once, a credit is one cell (model.FlowCreditUnit), a queue that was given no mode obeys nothing: choices of ours"},
		{Name: "Coalescing mirror sessions, coalesce_flush, coalesce_length", Fact: "tna 6", State: Refused, Test: "model TestRefusedFields",
			Note: "what lies between the samples of a coalesced packet is not public"},
		{Name: "Resubmit, once, from front-panel ports of Tofino", Fact: "tna 7", Test: "model TestResubmitOnce"},
		{Name: "mtu_trunc_len (Tofino 2)", Fact: "tna 11", State: Modelled, Test: "model TestMTUTruncation", Note: "bytes without FCS that a gress sends on; mtu_trunc_err_f is refused"},
		{Name: "drop_ctl", Fact: "tna 4", Test: "model TestDropCtl"},
		{Name: "update_delay_on_tx", Fact: "tna 2.6", State: Refused, Test: "model TestRefusedFields", Note: "the MAC's arithmetic is not modelled"},
	}
}

func replication() []Feature {
	return []Feature{
		{Name: "Replication: nodes, RID, XID, YID, ECMP, LAG", Fact: "tna 5.1", Test: "pre TestTwin"},
		{Name: "Backup ports and fast failover", Fact: "tna 5.1", Test: "pre TestBackupPorts"},
		{Name: "Order of copies", Fact: "tna 5", Test: "model TestBothGroups"},
		{Name: "Copies are isolated", Fact: "tna 4", Test: "model TestCopiesAreIsolated"},
		{Name: "copy_to_cpu", Fact: "tna 5", Test: "model TestCopyToCPU"},
		{Name: "bypass_egress", Fact: "tna 4", Test: "model TestBypassEgress"},
		{Name: "Queue depths, timestamps and congestion in the egress metadata", Fact: "tna 2.5", State: Modelled, Test: "model TestQueuedBurst",
			Note: "enq_qdepth is in front of the packet, deq_qdepth behind it; the levels are the queue's color limits"},
		{Name: "Strict priority and weighted round robin", Fact: "tna 5", State: Modelled, Test: "model TestTwoPriorities",
			Note: "ports have queues once tm tables set something for them; the quantum of a weight is a constant"},
		{Name: "Min and max rates of queues, rates of ports", Fact: "tna 5", State: Modelled, Test: "model TestShapers", Note: "rates are exact, not rounded as the hardware does"},
		{Name: "Tail drop, static and dynamic limits, pools, color limits", Fact: "tna 5", State: Modelled, Test: "model TestTailDrop",
			Note: "each copy of a multicast packet is charged; pools are the chip's"},
		{Name: "Priority groups and ingress limits", Fact: "tna 5", State: Modelled, Test: "model TestPriorityGroupLimit", Note: "the skid pool is stored only"},
		{Name: "Pause and priority flow control frames that arrive", Fact: "tna 5", State: Modelled, Test: "model TestPauseFrames",
			Note: "where $PORT enables them; the port has queues then. None are sent"},
		{Name: "Deflect on drop", Fact: "tna 5", State: Modelled, Test: "model TestDeflectOnDrop", Note: "to the queue that tm.pipe.cfg names"},
		{Name: "The tm tables", Fact: "tna 5", State: Modelled, Test: "model TestTMTablesReadBack",
			Note: "stored without effect: l1_node (Tofino 2), multicast_fifo, pool.app_pfc, skid, cut-through, transmitted flow control"},
	}
}

func bfruntime() []Feature {
	return []Feature{
		{Name: "Sessions, bindings, independent clients", Fact: "bfrt 3", Test: "agent TestSessionsAndBindings"},
		{Name: "Errors of updates, atomicity, deadlines, metadata", Fact: "bfrt 4", Test: "agent TestErrorsOfUpdates"},
		{Name: "Reads, handles, ids, usage", Fact: "bfrt 6", Test: "agent TestReads"},
		{Name: "Digests, idle entries, port changes on the stream", Fact: "bfrt 8", Test: "agent TestNotifications"},
		{Name: "A table API elsewhere is the one in memory", Fact: "bfrt 7", Test: "agent TestClientIsTheSwitch"},
		{Name: "Programs loaded by controllers", Fact: "bfrt 3", State: Modelled, Test: "agent TestPrograms",
			Note: "a bundle of gofino stands for the compiler's binary; the pipes restart with empty tables in both modes"},
		{Name: "Attributes and operations rolled back together with entries", Fact: "bfrt 5", State: Refused, Test: "agent TestRollbackOfAttributesIsRefused",
			Note: "such a request is refused as a whole"},
	}
}

func chipwide() []Feature {
	return []Feature{
		{Name: "Ports, their numbers and connectors on both chips", Fact: "chip 1", Test: "model TestPortTables"},
		{Name: "Recirculation", Fact: "tna 7", Test: "model TestRecirculation"},
		{Name: "Loopback modes", Fact: "chip 1", Test: "model TestLoopbackPort"},
		{Name: "Bytes that counters charge", Fact: "chip 6", Test: "model TestByteCounts"},
		{Name: "Cycles of parser and stages in timestamps and traces", Fact: "timing 8", State: Modelled, Test: "model TestCycles", Note: "with --context the stages are a compiler's; model.Timing has the constants for what no source gives: Parser, Ingress, Queue, Egress"},
		{Name: "Throughput of stages and parsers", Fact: "timing 4", State: Modelled, Test: "pipeline/fit TestThroughput", Note: "gofino fit reports it; packets are not held up for it; beyond 600 cycles of Tofino 2 as 600 / cycles"},
		{Name: "Stages and latency", Fact: "chip 4", State: Modelled, Test: "pipeline/fit TestDependenciesDecideStages", Note: "an estimate of the compiler's placement"},
		{Name: "Saving and restoring a switch", Fact: "chip 12", Test: "model TestResumeIsAsIfUncut"},
	}
}

func limits() []Feature {
	row := func(name, fact, note, test string) Feature {
		return Feature{Name: name, Fact: fact, State: Limited, Note: note, Test: test}
	}
	return []Feature{
		row("Parser TCAM rows, value sets included", "chip 2", "256 per parser and gress", "p4 TestChipLimits/parser rows of value sets"),
		row("Bits that a parser state compares", "chip 2", "32", "p4 TestChipLimits/parser row width"),
		row("Depth of Tofino 2's egress parser", "chip 2", "512 bytes", "p4 TestEgressDepth"),
		row("Exact key", "chip 4", "128 bytes", "p4 TestChipLimits/exact key"),
		row("Ternary key", "chip 4", "66 bytes", "p4 TestChipLimits/ternary key"),
		row("TCAM", "chip 4", "24 blocks of 512 x 44 bits in each of 12 or 20 stages", "p4 TestChipLimits/ternary size"),
		row("SRAM", "chip 4", "80 blocks of 1024 x 128 bits in each stage", "p4 TestChipLimits/exact size"),
		row("Actions of a table", "chip 4", "64, Tofino 2 63", "p4 TestChipLimits/actions of a table"),
		row("Data of an action", "chip 4", "128 bytes", "p4 TestChipLimits/action data"),
		row("Members of a selector's group", "chip 8", "119040", "p4 TestChipLimits/group size"),
		row("Size of a register", "chip 4", "48 blocks of 128 kbit", "p4 TestChipLimits/register size"),
		row("Width of a register's cells", "chip 5", "1, 8, 16, 32 bits; Tofino 2 also 64 and 128", "p4/lower testdata/errors/strict.p4"),
		row("Actions of a register", "chip 5", "4", "p4/lower testdata/errors/strict.p4"),
		row("Comparisons of a register action", "chip 5", "2, Tofino 2 4", "p4 TestChipLimits/comparisons"),
		row("Operations of a register action", "chip 5", "add, subtract, saturate, compare, logic", "p4 TestChipLimits/operations"),
		row("Constants of a register's actions", "chip 5", "4 beyond the small ones", "p4 TestChipLimits/constants"),
		row("Results of a register action", "chip 5", "1 word of 32 bits, Tofino 2 4", "p4 TestChipLimits/results"),
		row("Accesses of a register by one packet", "tna 10", "1", "p4 TestChipLimits/one access per packet"),
		row("Headers that a deparser emits", "chip 11", "192 cells of 4 bytes, Tofino 2 128 of 8", "p4 TestChipLimits/deparser cells"),
		row("Checksums that a deparser computes", "chip 11", "6, Tofino 2 8", "p4 TestChipLimits/deparser checksums"),
		row("Mirror header", "chip 10", "32 bytes", "p4/lower testdata/errors/strict.p4"),
		row("Resubmit header", "tna 7", "8 bytes, Tofino 2 16", "p4/lower testdata/errors/strict.p4"),
		row("Digest", "chip 10", "47 bytes, 8 kinds", "p4 TestDigestSemantics"),
	}
}
