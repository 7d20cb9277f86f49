package hash

import (
	"strings"

	"gofino/pipeline/ir"
)

// Predefined is an algorithm that the control plane can choose by name
// (bfrt.md section 9, parameters: tna-semantics.md section 9).
type Predefined struct {
	Name string
	Kind ir.HashAlgorithm // CustomCRC for every CRC
	CRC  ir.CRC
}

// predefined has the algorithms in the order of the schema's choices. XOR takes
// the width that the output needs: see ByName.
var predefined = []Predefined{
	{Name: "IDENTITY", Kind: ir.Identity},
	{Name: "RANDOM", Kind: ir.RandomHash},
	{Name: "XOR", Kind: ir.Xor32},
	crcNamed("CRC_8", 8, 0x07, false, 0, 0),
	crcNamed("CRC_8_DARC", 8, 0x39, true, 0, 0),
	crcNamed("CRC_8_I_CODE", 8, 0x1d, false, 0xfd, 0),
	crcNamed("CRC_8_ITU", 8, 0x07, false, 0x55, 0x55),
	crcNamed("CRC_8_MAXIM", 8, 0x31, true, 0, 0),
	crcNamed("CRC_8_ROHC", 8, 0x07, true, 0xff, 0),
	crcNamed("CRC_8_WCDMA", 8, 0x9b, true, 0, 0),
	crcNamed("CRC_16", 16, 0x8005, true, 0, 0),
	crcNamed("CRC_16_BYPASS", 16, 0x8005, false, 0, 0),
	crcNamed("CRC_16_DDS_110", 16, 0x8005, false, 0x800d, 0),
	crcNamed("CRC_16_DECT", 16, 0x0589, false, 1, 1),
	crcNamed("CRC_16_DECT_R", 16, 0x0589, false, 0, 1),
	crcNamed("CRC_16_DECT_X", 16, 0x0589, false, 0, 0),
	crcNamed("CRC_16_DNP", 16, 0x3d65, true, 0, 0xffff),
	crcNamed("CRC_16_EN_13757", 16, 0x3d65, false, 0, 0xffff),
	crcNamed("CRC_16_GENIBUS", 16, 0x1021, false, 0xffff, 0xffff),
	crcNamed("CRC_16_MAXIM", 16, 0x8005, true, 0, 0xffff),
	crcNamed("CRC_16_MCRF4XX", 16, 0x1021, true, 0xffff, 0),
	crcNamed("CRC_16_RIELLO", 16, 0x1021, true, 0xb2aa, 0),
	crcNamed("CRC_16_T10_DIF", 16, 0x8bb7, false, 0, 0),
	crcNamed("CRC_16_TELEDISK", 16, 0xa097, false, 0, 0),
	crcNamed("CRC_16_USB", 16, 0x8005, true, 0xffff, 0xffff),
	crcNamed("X_25", 16, 0x1021, true, 0xffff, 0xffff),
	crcNamed("XMODEM", 16, 0x1021, false, 0, 0),
	crcNamed("MODBUS", 16, 0x8005, true, 0xffff, 0),
	crcNamed("KERMIT", 16, 0x1021, true, 0, 0),
	crcNamed("CRC_CCITT_FALSE", 16, 0x1021, false, 0xffff, 0),
	crcNamed("CRC_AUG_CCITT", 16, 0x1021, false, 0x1d0f, 0),
	crcNamed("CRC_32", 32, 0x04c11db7, true, ones32, ones32),
	crcNamed("CRC_32_BZIP2", 32, 0x04c11db7, false, ones32, ones32),
	crcNamed("CRC_32C", 32, 0x1edc6f41, true, ones32, ones32),
	crcNamed("CRC_32D", 32, 0xa833982b, true, ones32, ones32),
	crcNamed("CRC_32_MPEG", 32, 0x04c11db7, false, ones32, 0),
	crcNamed("POSIX", 32, 0x04c11db7, false, 0, ones32),
	crcNamed("CRC_32Q", 32, 0x814141ab, false, 0, 0),
	crcNamed("JAMCRC", 32, 0x04c11db7, true, ones32, 0),
	crcNamed("XFER", 32, 0x000000af, false, 0, 0),
	crcNamed("CRC_64", 64, 0x42f0e1eba9ea3693, false, 0, 0),
	crcNamed("CRC_64_GO_ISO", 64, 0x1b, true, ones64, ones64),
	crcNamed("CRC_64_WE", 64, 0x42f0e1eba9ea3693, false, ones64, ones64),
	crcNamed("CRC_64_JONES", 64, 0xad93d23594c935a9, true, ones64, 0),
}

const (
	ones32 = 1<<32 - 1
	ones64 = 1<<64 - 1
)

func crcNamed(name string, degree int, poly uint64, reversed bool, init, xor uint64) Predefined {
	return Predefined{Name: name, Kind: ir.CustomCRC,
		CRC: ir.CRC{Degree: degree, Poly: poly, Reversed: reversed, Init: init, Xor: xor}}
}

// ByName finds an algorithm, in upper or lower case, for an output of so many
// bits.
func ByName(name string, width int) (Predefined, bool) {
	for _, p := range predefined {
		if !strings.EqualFold(p.Name, name) {
			continue
		}
		if p.Kind == ir.Xor32 {
			// The driver folds to the output's width; the functions that a
			// program can name are 8, 16 and 32 bits wide.
			switch {
			case width <= 8:
				p.Kind = ir.Xor8
			case width <= 16:
				p.Kind = ir.Xor16
			}
		}
		return p, true
	}
	return Predefined{}, false
}

// NameOf is the catalogue's name of a program's algorithm; ok is false for a
// CRC that has none.
func NameOf(a Algorithm) (name string, ok bool) {
	switch a.Kind {
	case ir.Identity:
		return "IDENTITY", true
	case ir.RandomHash:
		return "RANDOM", true
	case ir.Xor8, ir.Xor16, ir.Xor32:
		return "XOR", true
	}
	c := a.CRC
	c.MSB, c.Extended = false, false
	for _, p := range predefined {
		if p.Kind == ir.CustomCRC && p.CRC == c {
			return p.Name, true
		}
	}
	return "", false
}

// Names are the choices of the schema, in its order.
func Names() []string {
	out := make([]string, len(predefined))
	for i, p := range predefined {
		out[i] = p.Name
	}
	return out
}
