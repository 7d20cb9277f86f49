// The preprocessor at work on a program.
#define WIDTH 8
#define BITS(w) bit<w>
#define FIELD(type, name) type name;
#define GLUE(a, b) a ## b
#define XGLUE(a, b) GLUE(a, b)
#define TEXT(x) #x
#define CALL(f, ...) f(__VA_ARGS__)
#define TABLE(name, key_expr)   \
    table name {                \
        key = { key_expr : exact; } \
        actions = { nop; }      \
    }
#if defined(WIDTH) && WIDTH > 4 && (1 ? 2 : 3) == 2
typedef BITS(WIDTH) t;
#else
this is not P4 at all: ' " {
#endif
#ifdef NOTHING
#  include "no-such-file.p4"
#elif WIDTH == 8 /* still a directive */
    #define CHOSEN 1
#else
#  error "not here"
#endif
match_kind { exact }
struct s {
    FIELD(BITS(WIDTH), a)
    FIELD(t, XGLUE(b, WIDTH))
}
@name(TEXT(a "b" \n)) const bit<8> line = __LINE__;
control c(inout s x) {
    action nop() { }
    TABLE(first, x.a)
    TABLE(
        second,
        x.b8)
    apply {
        CALL(first.apply, );
        CALL(nop);
        XGLUE(sec, ond).apply();
    }
}
