#include <core.p4> // ERROR "program has no main instance"
#include <tna.p4>
header h_t { bit<8> a; }
