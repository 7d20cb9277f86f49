package main

import (
	"encoding/json"
	"fmt"
	"os"

	"gofino/link"
	"gofino/model"
)

// portMap is the vendor model's file that says which interface is which port.
// Other fields (speed, connector, channel) are of no use to a model of the chip
// alone: what a connector is called follows from the port (chip.md section 1).
type portMap struct {
	Veth []struct {
		Port  *int `json:"device_port"`
		Veth1 *int `json:"veth1"` // the switch's side: vethN
	} `json:"PortToVeth"`
	If []struct {
		Port *int   `json:"device_port"`
		If   string `json:"if"`
	} `json:"PortToIf"`
}

// readPortMap reads a port map.
func readPortMap(path string) ([]portSpec, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read port map: %w", err)
	}
	var m portMap
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read port map %s: %w", path, err)
	}
	var out []portSpec
	seen := map[int]bool{}
	add := func(list string, i int, port *int, name string) error {
		switch {
		case port == nil:
			return fmt.Errorf("read port map %s: %s %d has no device_port", path, list, i)
		case *port < 0 || *port >= numPorts:
			return fmt.Errorf("read port map %s: %s %d: device_port %d, want 0 to %d", path, list, i, *port, numPorts-1)
		case seen[*port]:
			return fmt.Errorf("read port map %s: device_port %d is listed twice", path, *port)
		}
		spec, err := link.ParseSpec(name)
		if err != nil {
			return fmt.Errorf("read port map %s: %s %d: %w", path, list, i, err)
		}
		seen[*port] = true
		out = append(out, portSpec{model.Port(*port), spec})
		return nil
	}
	for i, p := range m.Veth {
		if p.Veth1 == nil {
			return nil, fmt.Errorf("read port map %s: PortToVeth %d has no veth1", path, i)
		}
		if err := add("PortToVeth", i, p.Port, fmt.Sprintf("veth%d", *p.Veth1)); err != nil {
			return nil, err
		}
	}
	for i, p := range m.If {
		if err := add("PortToIf", i, p.Port, p.If); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("read port map %s: no ports (lists: PortToVeth, PortToIf)", path)
	}
	return out, nil
}
