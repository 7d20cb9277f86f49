// Package golden reads and runs packet vectors: STF text and txtar cases.
//
//	STF text -> Parse -> Vector -> Run(Device) -> nil, or the first difference
//
// A Device is anything with a table API and ports: the model, or a real switch
// behind the same interface. docs/vectors.md describes the language. It imports
// tables only.
package golden
