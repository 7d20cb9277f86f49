package syntax

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzParse: no text makes the front end panic or hang, every error has a
// place, and what was read prints and reads back as the same.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.p4", "testdata/errors/*.p4"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	builtin := func(name string) (string, bool) { return "match_kind { exact }\n", name == "core.p4" }
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "include") && !strings.Contains(text, "core.p4") {
			return // would read this machine's files
		}
		begun := time.Now()
		file, list := ParseSource("fuzz.p4", []byte(text), Config{Builtin: builtin})
		if took := time.Since(begun); took > 20*time.Second {
			t.Fatalf("took %v", took)
		}
		wrong := false
		for _, d := range list {
			if d.Text == "" || !d.At.IsValid() {
				t.Errorf("diagnostic without text or place: %+v", d)
			}
			wrong = wrong || d.Severity == SevError
		}
		Walk(file, func(n Node) bool { return n.Pos() != Pos{} })
		first := print1(t, file)
		if wrong {
			return // what is left may depend on what is not
		}
		again, list := ParseSource("printed.p4", []byte(first), Config{})
		for _, d := range list {
			if d.Severity == SevError {
				t.Fatalf("printed text is wrong: %s\n%s", d, first)
			}
		}
		if second := print1(t, again); second != first {
			t.Fatalf("printed once:\n%s\nprinted twice:\n%s", first, second)
		}
	})
}

func print1(t *testing.T, f *File) string {
	var b strings.Builder
	if err := Print(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
