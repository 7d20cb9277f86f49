// A table without a default action needs core.p4.
match_kind { exact }
control c(in bit<8> x) {
    action a() { }
    table t { key = { x: exact; } actions = { a; } } // ERROR "table .t. has no default_action and there is no action NoAction: include core.p4"
    apply { t.apply(); }
}
