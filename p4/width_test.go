package p4_test

import (
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"gofino/p4"
)

// odd is the skeleton with a header o before h.
func odd(header string, p program) string {
	return strings.Replace(p.source(), "struct hs_t { h_t h;", "header o_t { "+header+" }\nstruct hs_t { o_t o; h_t h;", 1)
}

// bytesOf is a string of bits, in hex, zeros at the end.
func bytesOf(bits string) string {
	bits = strings.ReplaceAll(bits, " ", "")
	bits += strings.Repeat("0", -len(bits)&7)
	v, _ := new(big.Int).SetString(bits, 2)
	return hex.EncodeToString(v.FillBytes(make([]byte, len(bits)/8)))
}

func TestHeadersOfAnyWidth(t *testing.T) {
	const (
		h    = "00010001 00100010 0011001101000100 01010101011001100111011110001000"
		rest = "11001010 11111110 101" // what the parser leaves, to a whole byte after o and h
	)
	for _, c := range []struct{ name, parser, body, in, want string }{
		{"unchanged", "", "", "101 1100000001" + h + rest, "101 1100000001" + h + rest},
		{"changed", "", "hdr.o.y = hdr.o.y + 1; hdr.h.a = 0;", "101 1100000001" + h + rest, "101 1100000010 00000000" + h[8:] + rest},
		{"taken away", "", "hdr.o.setInvalid();", "101 1100000001" + h + rest, h + rest},
		{"in a select", "pkt.extract(hdr.o); transition select(hdr.o.y) { 10w0x301: second; default: reject; }", "hdr.o.setInvalid();",
			"101 1100000001" + h + rest, h + rest},
		{"ahead", "md.n = pkt.lookahead<bit<15>>() ++ 1w0; transition none;", "hdr.w.setValid(); hdr.w.w = (bit<96>)md.n;",
			"101 1100000001" + h + rest, strings.Repeat("0", 80) + "101 1100000001 00 0" + "101 1100000001" + h + rest},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := c.parser
			if first == "" {
				first = "pkt.extract(hdr.o); transition second;"
			}
			src := odd("bit<3> x; bit<10> y;", program{body: c.body, parser: "state first { " + first +
				" } state second { pkt.extract(hdr.h); transition accept; } state none { transition accept; }"})
			if _, got := run(t, src, bytesOf(c.in), p4.Options{}); got != bytesOf(c.want) {
				t.Errorf("got %s, want %s", got, bytesOf(c.want))
			}
		})
	}
}

// The length of a varbit comes from the packet, and stays with the header.
func TestVarbit(t *testing.T) {
	const size = "(bit<32>)(pkt.lookahead<bit<8>>()[3:0] ++ 3w0)"
	p := func(body string) string {
		return odd("bit<4> x; bit<4> n; varbit<64> v;", program{body: body,
			parser: "state first { pkt.extract(hdr.o, " + size + "); pkt.extract(hdr.h); transition accept; }"})
	}
	const h = "1122334455667788"
	for _, c := range []struct{ name, body, in, want string }{
		{"three bytes", "", "a3 010203" + h + "ee", "a3 010203" + h + "ee"},
		{"none", "hdr.o.x = 1;", "a0" + h + "ee", "10" + h + "ee"},
		{"the most", "hdr.o.x = 1;", "a8 0102030405060708" + h, "18 0102030405060708" + h},
		{"more", "", "a9 010203040506070809" + h, "a9 010203040506070809" + h},
		{"taken away", "hdr.o.setInvalid();", "a3 010203" + h + "ee", h + "ee"},
		{"copied", "hdr.o.setInvalid(); o_t c; c = hdr.o; hdr.o = c; hdr.o.setValid();", "a3 010203" + h + "ee", "a3 010203" + h + "ee"},
		{"too short", "", "a3 0102", "parser drop"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := strings.ReplaceAll(c.want, " ", "")
			if want == "parserdrop" {
				want = hex.EncodeToString([]byte("parser drop"))
			}
			if _, got := run(t, p(c.body), c.in, p4.Options{}); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
