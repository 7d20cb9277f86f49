control c(inout bit<8> x) {
    action a() { }
    table t {
        key = {
            x exact; // ERROR "expected ':' after a key expression, found 'exact'"
            x : exact // ERROR "expected ';' after key, found 'x'"
            x : ; // ERROR "expected a match kind, found ';'"
            x : exact;
        }
        actions = {
            a // ERROR "expected ';' after action, found 'b'"
            b c; // ERROR "expected ';' after action, found 'c'"
            default; // ERROR "expected the name of an action, found the keyword 'default'"
        }
        size 10; // ERROR "expected '=' after the name of a table property, found '10'"
        7 = 3; // ERROR "expected a property of a table \(key, actions, default_action, entries, size, ...\), found '7'"
        const key = { } // ERROR "table property key cannot be const"
        default_action = a() // ERROR "expected ';' after table property default_action, found 'entries'"
        entries = {
            1 a; // ERROR "expected ':' after the keys of an entry, found 'a'"
            (1, 2: a; // ERROR "expected '\)' after expression, found ','"
            priority = x : 1 : a; // ERROR "expected a number or an expression in parentheses as the priority of an entry, found 'x'"
            1 : a // ERROR "expected ';' after entry, found '}'"
        }
    }
    apply { t.apply(); }
}
