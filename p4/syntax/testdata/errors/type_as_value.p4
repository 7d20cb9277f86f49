header h_t { bit<8> a; }
control c(inout bit<8> x) {
    apply {
        x = x > h_t; // ERROR "expected an expression, found a type: only '.' or '\(' may follow a type here"
        bit<8> h_t = 1;
        x = x > h_t;
    }
}
