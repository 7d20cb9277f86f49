package examples

import "embed"

//go:embed */*.p4 */*.stf
var files embed.FS

// Source is the P4 text of an example: "l2", "l3" or "acl".
func Source(name string) ([]byte, error) { return files.ReadFile(name + "/" + name + ".p4") }
