package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"gofino/tables"
)

// watched are what the switch can tell.
var watched = []string{"digests", "ports", "idle", "all"}

// watch prints what the switch tells. It has a session of its own, bound to the
// program: there is one such client at a time.
func (x *ctl) watch(ctx context.Context, words []string) error {
	what := words[0]
	if !slices.Contains(watched, what) {
		return usagef("watch %q (choices: %s)", what, strings.Join(watched, ", "))
	}
	api, err := x.dial(ctx, true)
	if err != nil {
		return err
	}
	n, ok := api.(tables.Notifier)
	if !ok {
		return errors.New("watch: this switch tells nothing")
	}
	if what == "ports" || what == "all" {
		on := []tables.DataField{{Name: "enable", Value: true}}
		if err := api.SetAttribute(ctx, tables.AllPipes, "$PORT", "port_status_notif_cb", on); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	defer n.Subscribe(func(m tables.Notification) {
		mu.Lock()
		defer mu.Unlock()
		x.tell(api.Schema(), what, &m)
	})()
	<-ctx.Done()
	return nil
}

// tell prints one notification.
func (x *ctl) tell(schema *tables.Schema, what string, m *tables.Notification) {
	all := what == "all"
	switch {
	case m.Port != nil && (all || what == "ports"):
		x.say(map[string]any{"port": m.Port.Port, "up": m.Port.Up}, "port %d %s", m.Port.Port, map[bool]string{true: "up", false: "down"}[m.Port.Up])
	case m.Idle != nil && (all || what == "idle"):
		s, err := schema.Find(m.Idle.Entry.Table)
		if err != nil {
			return
		}
		e := jsonEntry(s, m.Idle.Entry)
		state := map[bool]string{true: "active", false: "idle"}[m.Idle.Active]
		x.say(map[string]any{"table": e.Table, "key": e.Key, "state": state}, "%s %s: %s", e.Table, keyText(s, m.Idle.Entry), state)
	case m.Digest != nil && (all || what == "digests"):
		for _, entry := range m.Digest.Entries {
			data, texts := map[string]any{}, []string{}
			for _, f := range entry {
				text := showValue(digestField(schema, m.Digest.Name, f.Name), f.Value)
				data[f.Name] = text
				texts = append(texts, f.Name+"="+text)
			}
			x.say(map[string]any{"digest": m.Digest.Name, "pipe": m.Pipe, "data": data}, "%s %s", m.Digest.Name, strings.Join(texts, " "))
		}
	}
}

func keyText(s *tables.TableSpec, e *tables.TableEntry) string {
	var out []string
	for i := range e.Key {
		if k, err := s.FindKey(e.Key[i].Name); err == nil {
			out = append(out, k.Name+"="+showKey(k, &e.Key[i]))
		}
	}
	return strings.Join(out, " ")
}

func digestField(schema *tables.Schema, digest, name string) *tables.FieldSpec {
	for _, d := range schema.Digests {
		for i := range d.Fields {
			if d.Name == digest && d.Fields[i].Name == name {
				return &d.Fields[i]
			}
		}
	}
	return nil
}
