// Externs: constructors, overloads, inference, abstract methods, packages.
#include <core.p4>

enum Kind { Small, Large }
struct pair_t { bit<16> lo; bit<32> hi; }

extern Store<T, I> {
    Store(bit<32> size);
    Store(bit<32> size, T initial);
    T read(in I index);
    void write(in I index, in T value);
    @optional abstract T missing(in I index);
}
extern Step<T, I, U> {
    Step(Store<_, _> on);
    U run(in I index);
    U run(in I index, in bool twice, @optional in bit<8> by);
    bool flag(@optional in bool a, @optional in bool b);
    @synchronous(run) abstract void apply(inout T value, @optional out U rv);
    abstract U pure_one(in U u);
}
extern Digest<W> { Digest(Kind k, @optional W seed); W get<D>(in D data); void put<A, B>(in A a, out B b); }
extern Any { Any(); void use<T>(T object); }
extern bit<32> hashed<D>(in D data, @optional in bit<8> seed);
extern void defaulted(in bit<8> a, in bool b = true);
extern T chosen<T>(in T a, in T b);
extern void listed(list<pair_t> rows);
extern Store<T, bit<8>> factory<T>(T first);

Any() global_any;

control c(inout bit<32> x, inout pair_t p) {
    Store<pair_t, bit<8>>(16) plain;             // TARGS "pair_t, bit<8>"
    Store<pair_t, _>(16, { 1, 2 }) filled;       // TARGS "pair_t, _"
    Store<bit<32>, bit<8>>(initial = 7, size = 3) named;  // EXPR "7" "bit<32>" "7"
    Digest(Kind.Small, 16w3) inferred;           // TARGS "bit<16>"
    Step<pair_t, bit<8>, bit<16>>(plain) step = {
        void apply(inout pair_t value) { value.lo = value.lo + 1; }
        bit<16> pure_one(in bit<16> u) { return u + this.run(3); }
    };
    Step<_, bit<8>, _>(named) other = {          // TARGS "bit<32>, bit<8>, bit<8>"
        Any() mine;
        void apply(inout bit<32> value, out bit<8> rv) {
            if (value == 5) { rv = 1; return; }
            rv = 2;
            mine.use(global_any);
        }
        bit<8> pure_one(in bit<8> u) { return u; }
    };
    Digest<bit<8>>(k = Kind.Large) digest;
    apply {
        p = plain.read(3);                       // EXPR "3" "bit<8>" "3"
        plain.write(1, p);
        plain.write(1, { 4, 5 });                // EXPR "5" "bit<32>" "5"
        bit<16> r = step.run(2);
        r = step.run(2, true);
        r = step.run(2, true, 3);
        r = step.run(index = 1, twice = false);
        bool f = step.flag(b = true);
        bit<8> d = digest.get({ x, p.lo, p });   // TARGS "tuple<bit<32>, bit<16>, pair_t>"
        d = digest.get((pair_t){ 1, 2 });        // TARGS "pair_t"
        digest.put(x, d);                        // TARGS "bit<32>, bit<8>"
        x = hashed(x);                           // TARGS "bit<32>"
        x = hashed({ x, x }, 3);
        x = chosen(x, 5);                        // EXPR "5" "bit<32>" "5"
        x = chosen(5, x);                        // TARGS "bit<32>"
        defaulted(1);
        defaulted(b = false, a = 2);
        global_any.use(plain);
        listed((list<pair_t>){ { 1, 2 }, { 3, 4 } });
        bit<32> bits = x.minSizeInBits();        // EXPR "x.minSizeInBits()" "bit<32>" "32"
    }
}

control user(inout bit<32> x)(Store<bit<16>, bit<8>> s, Kind k) { apply { x = (bit<32>)s.read(0); } }
control run(inout bit<32> x) {
    user(factory(16w5), Kind.Large) u;
    apply { u.apply(x); }
}

control Block<M>(inout M m);
control Small(inout bit<32> m);
package Inner<M>(Block<M> b, Kind k = Kind.Small);
package Outer<A, B>(Inner<A> first, @optional Inner<B> second, int n);
Inner(run()) inner;                              // TARGS "bit<32>"
Outer(first = inner, n = 3) main;                // TARGS "bit<32>, _"
