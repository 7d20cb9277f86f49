package arch

import (
	"embed"
	"path"
)

//go:embed p4/*.p4
var files embed.FS

// Builtin returns the text of an include file, by the name that a program
// writes ("tna.p4"), and whether there is one.
func Builtin(name string) (string, bool) {
	if path.Clean(name) != name || path.Base(name) != name {
		return "", false
	}
	text, err := files.ReadFile("p4/" + name)
	return string(text), err == nil
}
