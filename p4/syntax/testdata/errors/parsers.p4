parser p(in bit<8> x) {
    state start {
        return; // ERROR "'return' is not allowed in a parser state"
        switch (x) { 1: { } } // ERROR "'switch' is not allowed in a parser state"
        if (x == 1) { exit; } // ERROR "'exit' is not allowed in a parser state"
        transition next // ERROR "expected ';' after transition, found '}'"
    }
    state next {
        transition select(x { // ERROR "expected '\)' after the keys of select, found '{'"
            1: accept;
        }
    }
    state third {
        transition select(x) {
            1 accept; // ERROR "expected ':' after the keys of a select case, found 'accept'"
            2: 3; // ERROR "expected the name of a state, found '3'"
            4: accept;
        }
        x = 1; // ERROR "expected '}' after the transition of state third, found 'x'"
    }
    state 4 { } // ERROR "expected the name of a state, found '4'"
    state last { transition; } // ERROR "expected a state or select after transition, found ';'"
    bit<8> late; // ERROR "declaration after the first state of parser p"
    value_set<bit<8>, bit<8>>(3) vs; // ERROR "value_set has one type argument, found 2"
    state end {
        transition accept;
header h { // ERROR "expected '}' to close state end \(opened on line 25\), found 'header'"
    bit<8> a;
}
control still_checked() { apply { x = ; } } // ERROR "expected an expression, found ';'"
