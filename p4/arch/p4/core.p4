// The P4-16 core library, version 1.2.5: what every architecture may rely on.
#ifndef GOFINO_CORE_P4
#define GOFINO_CORE_P4

error {
    NoError,
    PacketTooShort,        // extract, lookahead or advance went past the end
    NoMatch,               // no case of a select matched
    StackOutOfBounds,      // next or last of a header stack that has none
    HeaderTooShort,        // a varbit field got more bits than it can hold
    ParserTimeout,
    ParserInvalidArgument  // an argument that the target cannot carry out
}

match_kind {
    exact,
    ternary,
    lpm
}

extern packet_in {
    // Fixed-width headers.
    void extract<T>(out T hdr);
    // Headers with one varbit field, which gets the given number of bits.
    void extract<T>(out T variableSizeHeader, in bit<32> variableFieldSizeInBits);
    // The bits ahead, without moving on.
    T lookahead<T>();
    void advance(in bit<32> sizeInBits);
    // In bytes.
    bit<32> length();
}

extern packet_out {
    // Appends the valid headers of a header, stack, union or struct.
    void emit<T>(in T hdr);
}

// A false check ends parsing with the error.
extern void verify(in bool check, in error toSignal);

// Decided at compile time; false is a compile-time error with the message.
extern bool static_assert(bool check, string message);
extern bool static_assert(bool check);

@noWarn("unused")
action NoAction() { }

#endif
