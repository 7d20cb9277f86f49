// Tables: keys, actions, default actions, entries, properties; switch.
#include <core.p4>

match_kind { range, optional }
enum plain_t { A }
header h_t { bit<8> a; bit<16> b; }
struct hdr_t { h_t h; h_t[2] hs; }
bit<8> fn(in bit<8> x) { return x; }
@name("twin") action one_top() { }

control c(inout hdr_t hdr, inout plain_t plain, inout bit<8> x) {
    action none() { }
    action data(bit<8> v) { x = v; }
    action mixed(inout bit<8> a, bit<8> b) { a = b; }
    @name("same") action first() { }
    @name("same") action second() { }  // ERROR "action has the control-plane name .c.same. of another action"

    table no_actions { key = { x: exact; } } // ERROR "table .no_actions. has no property actions"
    table keys {
        key = {
            x: exakt;                  // ERROR "no match kind .exakt. .match kinds: exact, ternary, lpm, range, optional."
            hdr: exact;                // ERROR "a table key cannot be struct hdr_t"
            5: exact;                  // ERROR "a table key cannot be an int without a width"
            plain: lpm;                // ERROR "match kind lpm needs bit<W> or int<W>, not plain_t"
            x + 1: exact;              // ERROR "key expression needs a name for the control plane: add @name"
            nothing: exact;            // ERROR "no name .nothing."
        }
        actions = { none; }
        default_action = none();
    }
    table actions_list {
        actions = {
            none;
            none;                      // ERROR "action .none. is listed twice in table .actions_list."
            nobody;                    // ERROR "no action .nobody."
            x;                         // ERROR ".x. is a parameter, not an action"
            mixed;                     // ERROR "parameter .a. of action .mixed. must be bound"
            data(5);                   // ERROR "parameter .v. of action .data. cannot be bound here: the control plane sets it"
        }
        default_action = none();
    }
    table defaults1 { actions = { data; } default_action = none(); } // ERROR "no action .none. in table .defaults1. .actions: data."
    table defaults2 { actions = { data; } default_action = data(); } // ERROR "parameter .v. of action .data. must be bound"
    table defaults3 { actions = { data; } default_action = data(x); } // ERROR "argument v of data must be a compile-time constant"
    table defaults4 { actions = { data; } default_action = data(16w3); } // ERROR "cannot use bit<16> as bit<8>"
    table defaults5 { actions = { mixed(x); } default_action = mixed(hdr.h.a, 3); } // ERROR "argument .a. of action .mixed. must be the same as in the list of actions"
    table defaults6 { actions = { @tableonly none; } default_action = none; } // ERROR "action .none. is @tableonly and cannot be the default action"
    table defaults7 { default_action = none(); actions = { none; } } // ERROR "default_action of table .defaults7. must come after its actions"
    table defaults8 { actions = { none; } default_action = 5; } // ERROR "default_action must be an action of the table .actions: none."
    table twice { actions = { none; } size = 1; size = 2; default_action = none; } // ERROR "table property .size. is given twice"
    table sizes { actions = { none; } size = x; default_action = none; } // ERROR "table property size must be a constant integer, not bit<8>"
    table props { actions = { none; } default_action = none; largest_priority_wins = 1; priority_delta = 0; thing = h_t.a; } // ERROR "largest_priority_wins must be a constant bool" "priority_delta must be a positive constant" "no member .a. in type header h_t"
    table itself { key = { itself.apply().hit: exact @name("x"); } actions = { none; } default_action = none; } // ERROR "table itself cannot be applied in its own properties"

    table entries1 {
        key = { hdr.h.a: exact; hdr.h.b: ternary; plain: optional; }
        actions = { none; data; @defaultonly first; }
        default_action = first;
        const entries = {
            (1, 2): none();            // ERROR "entry has 2 keys, table .entries1. has 3"
            (1 &&& 2, 2, plain_t.A): none(); // ERROR "a key with match kind exact cannot have a mask"
            (1, 1 .. 2, plain_t.A): none();  // ERROR "a key with match kind ternary cannot be a range"
            (16w1, 2, plain_t.A): none();    // ERROR "cannot use bit<16> as bit<8> in table entry"
            (x, 2, plain_t.A): none();       // ERROR "key of a table entry must be a compile-time constant"
            (1, true, plain_t.A): none();    // ERROR "cannot use bool as bit<16>"
            (1, _, plain_t.B): none();       // ERROR "no member .B. in enum plain_t"
            (1, _, _): mixed(x, 3);          // ERROR "no action .mixed. in table .entries1. .actions: none, data, first."
            (1, _, _): data();               // ERROR "parameter .v. of action .data. must be bound"
            (1, _, _): first();              // ERROR "action .first. is @defaultonly and cannot be in an entry"
            priority = 3: (1, _, _): none(); // ERROR "const entries cannot have a priority"
        }
    }
    table entries2 { actions = { none; } default_action = none; const entries = { 1: none(); } } // ERROR "table .entries2. has entries but no key"
    table entries3 { const entries = { 1: none(); } key = { x: exact; } actions = { none; } default_action = none; } // ERROR "entries of table .entries3. must come after its key"
    table entries4 {
        key = { hdr.h.a: lpm; }
        actions = { none; }
        default_action = none;
        entries = {
            1 &&& 0x0f: none;          // ERROR "mask of a key with match kind lpm must be ones followed by zeros"
            priority = 1: 2: none;     // ERROR "entry cannot have a priority: its table has only exact and lpm keys"
        }
    }
    table entries5 {
        key = { x: range; }
        actions = { none; }
        default_action = none;
        entries = {
            priority = (-1): 3: none;    // ERROR "priority of an entry cannot be negative"
            priority = (2): 5 .. 3: none; // ERROR "range 5..3 is empty"
        }
    }
    table good { key = { x: exact; } actions = { none; data; } default_action = none; }
    action applies() { good.apply(); } // ERROR "table good cannot be applied in actions: only in the apply block"
    bool early = good.apply().hit;     // ERROR "table good cannot be applied in the declarations of a control"

    apply {
        switch (good.apply().action_run) {
            none: { }
            mixed: { }                 // ERROR "no action .mixed. in table .good. .actions: none, data."
            5: { }                     // ERROR "switch label must be the name of an action of table good .actions: none, data."
            none: { }                  // ERROR "duplicate switch label .none."
        }
        switch (x) {
            1: { }
            default: { }
            2: { }                     // ERROR "no label can follow default in a switch"
            default: { }               // ERROR "switch has more than one default label"
        }
        switch (x) {
            1: { }
            8w1: { }                   // ERROR "duplicate switch label .first at .*:111."
            16w2: { }                  // ERROR "cannot use bit<16> as bit<8> in switch label"
            x: { }                     // ERROR "switch label must be a compile-time constant"
        }
        switch (hdr) { }               // ERROR "cannot switch on struct hdr_t"
        if (x) { }                     // ERROR "condition of if must be bool, not bit<8>"
        for (bit<8> i = 0; i + 1; i = i + 1) { } // ERROR "condition of for must be bool, not bit<8>"
        for (bit<8> i in 0 .. 16w3) { } // ERROR "cannot use bit<16> as bit<8> in for loop"
        for (bit<8> i in x) { }        // ERROR "for-in needs a range, a list, an array or a header stack, not bit<8>"
        for (h_t h in hdr.h) { }       // ERROR "for-in needs a range"
        for (bit<8> i in hdr.hs) { }   // ERROR "cannot use h_t as bit<8> in for loop"
        i = 3;                         // ERROR "no name .i."
        return 5;                      // ERROR "return cannot have a value in the apply block"
    }
}

control bare() { table t { actions = { } } apply { t.apply(); } }

@number[1, 2] @number[3] const bit<8> twice = 1;      // ERROR "annotation @number is given twice"
@pairs[a = 1, a = 2] const bit<8> keys = 1;           // ERROR "key .a. is given twice in annotation @pairs"
@lists[{ 1, 2 }] const bit<8> listed = 1;             // ERROR "value in annotation @lists must be an integer, a string or a bool"
@name(5) const bit<8> numbered = 1;                   // ERROR "annotation @name needs one string"
struct matched { @match(exacto) bit<8> a; }           // ERROR "annotation @match needs a match kind"
