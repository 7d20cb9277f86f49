// Where P4 can be read in two ways.
extern E<T> { E(); this_t self(); }
extern bit<8> f<T, U>(in T a, in U b);
extern bit<8> g(in bool a, in bool b);
typedef bit<8> t;
typedef bit<16> u;
struct s_t { bit<8> t; bit<8> v; }
const bit<8> k = 1;

void casts(bit<8> a, bit<8> b) {
    bit<8> x;
    x = (t)a;
    x = (t)-a;
    x = (a) - b;
    x = (.t)a;
    x = (t)(u)a;
    x = (unknown_type)a;
    x = (unknown_name) - a;
    x = ((t)a) + b;
    x = (bit<8>)(a + b) * 2;
    x = (bit<(8 > 4 ? 8 : 4)>)a;
    x = (int)a;
}

void calls(bit<8> a, bit<8> b, bit<8> c) {
    bit<8> x = f<t, bit<8>>(a, b);
    x = f<bit<8>, E<E<bit<8>>>>(a, b);
    x = g(a < b, c > (a));
    x = g(a < b && b > c, a < b);
    x = f<_, void>(a, b);
    x = a >> b;
    x = a > b ? a : b;
    x = f(b = a, a = _);
}

void shadows(bit<8> t) {
    bit<8> x;
    x = (t) - 1;
    {
        bit<8> u = (t);
        x = (u) - u;
    }
    x = (u)1;
}

s_t members(s_t s, bit<8> a) {
    s.t = s.v;
    a[0:0] = s.t[0:0];
    return { t = s.t, v = s.v };
}

void more(s_t[4] s, bit<8> a) {
    s[0].t = a;
    s[a + 1].t[7:4] = a[3:0];
    s.lastIndex.foo[1].bar(1)(2);
    (s[1].t) = 1;
    this.x = this.y(1);
    unknown_t y = 3;
    unknown_t[3] z;
    unknown_t<bit<8>>() w;
    unknown_t<bit<8>>[2] v;
    tuple<bit<8>, E<bit>> pair = { a, { a, ... } };
    list<E<t>> many;
}
