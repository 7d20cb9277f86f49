package tables

import (
	"bytes"
	"strings"
	"testing"
)

// TestReadSchemaIsTheInverseOfJSON: what is written of a schema that was read is
// what was read.
func TestReadSchemaIsTheInverseOfJSON(t *testing.T) {
	st := newTestStore(t)
	var once, twice bytes.Buffer
	if err := st.Schema().JSON(&once); err != nil {
		t.Fatal(err)
	}
	s, err := ReadSchema(bytes.NewReader(once.Bytes()), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.JSON(&twice); err != nil {
		t.Fatal(err)
	}
	if once.String() != twice.String() {
		t.Errorf("a schema that was read is written otherwise:\n%s\nas\n%s", once.String(), twice.String())
	}
}

func TestReadSchemaRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                     "read schema: unexpected EOF",
		`{"tables":[{"id":1}]}`: `table "" has id 0x1`,
		`{"tables":[{"name":"a","id":1},{"name":"b","id":1}]}`: `table "b" has id 0x1, as table "a"`,
		`{"tables":[{"name":1}]}`:                              "read schema: json: cannot unmarshal number",
	} {
		if _, err := ReadSchema(strings.NewReader(text), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzReadSchema(f *testing.F) {
	f.Add([]byte(`{"tables":[{"name":"t","id":1,"key":[{"id":1,"name":"k","match_type":"Exact","type":{"type":"bytes","width":9}}],"data":[{"singleton":{"id":1,"name":"d","type":{"type":"uint64","default_value":1}}}]}],"learn_filters":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ReadSchema(bytes.NewReader(b), false)
		if err != nil {
			return
		}
		if err := s.JSON(&bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
	})
}
