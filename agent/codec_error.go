package agent

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gofino/agent/bfrt"
	"gofino/tables"
)

// causes by the code they become (bfrt.md section 4). The first that fits
// counts, in both directions.
var causes = []struct {
	cause error
	code  codes.Code
}{
	{tables.ErrInvalid, codes.InvalidArgument},
	{tables.ErrExists, codes.AlreadyExists},
	{tables.ErrNotFound, codes.NotFound},
	{tables.ErrFull, codes.ResourceExhausted},
	{tables.ErrNotSupported, codes.Unimplemented},
	{tables.ErrReadOnly, codes.InvalidArgument},
	{tables.ErrInUse, codes.AlreadyExists}, // ENTRY_REFERENCES_EXIST
	{context.DeadlineExceeded, codes.DeadlineExceeded},
	{context.Canceled, codes.Canceled},
}

// codeOf is the canonical code of an error.
func codeOf(err error) codes.Code {
	if err == nil {
		return codes.OK
	}
	for _, c := range causes {
		if errors.Is(err, c.cause) {
			return c.code
		}
	}
	if s, ok := status.FromError(err); ok {
		return s.Code()
	}
	return codes.Unknown
}

// causeOf is the cause that a code stands for.
func causeOf(code codes.Code) error {
	for _, c := range causes {
		if c.code == code {
			return c.cause
		}
	}
	return nil
}

// space names our own numbering of causes in an item of an answer: several have
// the same canonical code.
const space = "gofino"

// errorMessage is an error as one item of an answer.
func errorMessage(err error, prefix string) *bfrt.Error {
	if err == nil {
		return &bfrt.Error{}
	}
	e := &bfrt.Error{CanonicalCode: int32(codeOf(err)), Message: prefix + err.Error()}
	for i, c := range causes {
		if errors.Is(err, c.cause) {
			e.Space, e.Code = space, int32(i+1)
			break
		}
	}
	return e
}

// itemError is an item of an answer as the error of an operation on a table.
func itemError(e *bfrt.Error, op, table string) error {
	cause := causeOf(codes.Code(e.GetCanonicalCode()))
	if n := e.GetCode(); e.GetSpace() == space && n > 0 && int(n) <= len(causes) {
		cause = causes[n-1].cause
	}
	if cause == nil {
		return &tables.Error{Op: op, Table: table, Err: errors.New(codes.Code(e.GetCanonicalCode()).String()), Detail: e.GetMessage()}
	}
	detail := e.GetMessage()
	if at := strings.Index(detail, ": "+cause.Error()); e.GetSpace() == space && at >= 0 {
		// Our own server's text has operation, table and cause in front.
		detail = strings.TrimPrefix(detail[at+2+len(cause.Error()):], ": ")
	}
	return &tables.Error{Op: op, Table: table, Err: cause, Detail: detail}
}

// batchStatus is how an RPC ends some of whose items failed: the details have
// an item for each that was tried.
func batchStatus(text string, items []*bfrt.Error) error {
	failed := false
	for _, e := range items {
		failed = failed || e.CanonicalCode != int32(codes.OK)
	}
	if !failed {
		return nil
	}
	return statusWith(text, items)
}
