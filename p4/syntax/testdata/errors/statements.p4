control c(inout bit<8> x) {
    action a( { } // ERROR "expected the type of a parameter, found '{'"
    bit<8> y = 1 // ERROR "expected ';' after variable, found 'bit'"
    bit<8> z;
    bit<8> f(in bit<8> p) { return p; } // ERROR "a function cannot be declared here"
    struct nested { bit<8> q; } // ERROR "expected a declaration of a control \(action, table, const, variable, instance\) or its apply block, found 'struct'"
    action good() { x = 1; }
    apply {
        x = ; // ERROR "expected an expression, found ';'"
        x = 1 // ERROR "expected ';' after assignment, found 'y'"
        y = 2;
        x + 1; // ERROR "expected '=' or '\(' after the start of a statement, found '\+'"
        x; // ERROR "an expression whose value is not used"
        f(1) = 2; // ERROR "cannot assign to this"
        5 = x; // ERROR "expected a statement, found '5'"
        if (x == 1 { y = 2; } // ERROR "expected '\)' after the condition of if, found '{'"
        if (x == 1) bit<8> w; // ERROR "a declaration needs a block here"
        else y = 1; // ERROR "expected a statement, found 'else'"
        switch (x) {
            { 1 }: { } // ERROR "expected a label of switch, found '{'"
            2 { } // ERROR "expected ':' after a label of switch, found '{'"
            3: { }
        }
        for (x = 1; x < 2) { } // ERROR "expected ';' after the condition of for, found '\)'"
        y[3:] = 1; // ERROR "expected an expression, found '\]'"
        y = { 1, 2; // ERROR "expected ',' or '}' after an element of a list, found ';'"
        y = good(1; // ERROR "expected ',' or '\)' after argument, found ';'"
        y = a ? b; // ERROR "expected ':' after the first choice of '\?', found ';'"
        y = x.; // ERROR "expected a member's name after '.', found ';'"
        y = x >> > 2; // ERROR "expected an expression, found '>'"
        y = error; // ERROR "expected '.' and an error's name after 'error'"
        y = $; // ERROR "expected an expression, found '\$'"
        y = _; // ERROR "expected an expression, found '_'"
        return 1 // ERROR "expected ';' after return, found '}'"
    }
    apply { } // ERROR "control c has a second apply block \(the first is at statements.p4:8:11\)"
    bit<8> late; // ERROR "declaration after the apply block of control c"
}
control d() { apply { c; } } // ERROR "expected an expression|value is not used"
