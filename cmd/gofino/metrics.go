package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gofino/agent"
	"gofino/model"
	"gofino/tables"
)

// serveMetrics serves /metrics for Prometheus; without an address it does
// nothing. server may be nil.
func serveMetrics(address string, l *live, server *agent.Server) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(newSwitchCollector(l, server))
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go s.Serve(listener) //nolint:errcheck // ends with Close
	return func() { s.Close() }, nil
}

// switchCollector reads a live switch when it is asked.
type switchCollector struct {
	live   *live
	server *agent.Server
	packets, bytes, drops, up,
	entries, calls, failed, updates, sessions, told, lost *prometheus.Desc
}

func newSwitchCollector(l *live, server *agent.Server) *switchCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("gofino_"+name, help, labels, nil)
	}
	return &switchCollector{
		live: l, server: server,
		packets:  desc("port_packets_total", "Frames of a port.", "port", "direction"),
		bytes:    desc("port_bytes_total", "Octets of a port, FCS included.", "port", "direction"),
		drops:    desc("drops_total", "Packets and copies that ended in the switch.", "reason"),
		up:       desc("port_up", "Whether the link of an attached port is up.", "port"),
		entries:  desc("table_entries", "Entries of a table.", "program", "table"),
		calls:    desc("bfrt_calls_total", "RPCs that controllers made."),
		failed:   desc("bfrt_failed_calls_total", "RPCs that failed."),
		updates:  desc("bfrt_updates_total", "Updates of tables that controllers sent."),
		sessions: desc("bfrt_sessions", "Controllers that are subscribed."),
		told:     desc("bfrt_notifications_total", "Notifications sent to controllers."),
		lost:     desc("bfrt_lost_notifications_total", "Notifications that slow controllers missed."),
	}
}

// Describe sends nothing: what there is depends on the program.
func (c *switchCollector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the switch.
func (c *switchCollector) Collect(to chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	sw := c.live.now()
	stats := sw.Stats()
	for _, p := range stats.Ports {
		port := strconv.Itoa(int(p.Port))
		count(c.packets, p.RxPackets, port, "received")
		count(c.packets, p.TxPackets, port, "sent")
		count(c.bytes, p.RxBytes, port, "received")
		count(c.bytes, p.TxBytes, port, "sent")
	}
	for r := model.DropReason(0); r < model.NumDropReasons; r++ {
		count(c.drops, stats.Drops[r], r.String())
	}
	for i, p := range c.live.pump.Ports {
		up := 0.0
		if p.Up() {
			up = 1
		}
		gauge(c.up, up, strconv.Itoa(int(c.live.nums[i])))
	}
	c.tables(sw, gauge)
	if c.server == nil {
		return
	}
	n := c.server.Counts()
	count(c.calls, n.Calls)
	count(c.failed, n.Failed)
	count(c.updates, n.Updates)
	count(c.told, n.Told)
	count(c.lost, n.Lost)
	gauge(c.sessions, float64(n.Sessions))
}

// tables counts the entries of the programs' match tables.
func (c *switchCollector) tables(sw *model.Switch, gauge func(*prometheus.Desc, float64, ...string)) {
	for i, p := range sw.Programs() {
		api := sw.ProgramAPI(i)
		for _, t := range api.Schema().Tables {
			switch t.Type {
			case "MatchAction_Direct", "MatchAction_Indirect", "MatchAction_Indirect_Selector", "Action", "Selector":
				if n, err := api.Usage(context.Background(), tables.AllPipes, t.Name); err == nil {
					gauge(c.entries, float64(n), p.Program.Name, t.Name)
				}
			}
		}
	}
}
