#define TWO(a, b) a b
#define BAD(x, // ERROR "expected a parameter name or '...', found end of line"
#define 7 // ERROR "expected a macro name after #define, found '7'"
#define DUP(x, x) // ERROR "parameter \"x\" is named twice"
#define __LINE__ 3 // ERROR "the preprocessor owns this name"
#define PASTE ## x // ERROR "'##' needs a token on both sides"
#undef // ERROR "expected one macro name after #undef"
#define AGAIN 1
#define AGAIN 2 // WARNING "\"AGAIN\" is redefined with another meaning \(first defined at preprocessor.p4:8:9\)"
#unknown x // ERROR "unknown directive #unknown \(directives: define, undef, include"
#include "no/such/file.p4" // ERROR "include \"no/such/file.p4\": no such file \(searched: \., testdata/include\)"
#include <neither.p4> // ERROR "no such file \(searched: testdata/include\)"
#include 5 // ERROR "expected \"file\" or <file> after #include, found '5'"
#if 1 / 0 // ERROR "division by zero in #if"
#endif
#if 0 && 1 / 0
#endif
#if (1 // ERROR "expected '\)' in #if, found end of line"
#endif
#if 1 +* 2 // ERROR "expected a value in #if, found '\*'"
#endif
#if // ERROR "expected an expression after #if"
#endif
#if 3 4 // ERROR "expected an operator or end of line in #if, found '4'"
#endif
#ifdef // ERROR "expected a macro name after #ifdef"
#endif
#if FUNC(1) // ERROR "no function macro \"FUNC\" for this call in #if"
#endif
#endif // ERROR "#endif without #if"
#if 1
#else
#elif 1 // ERROR "#elif after #else"
#endif
#line x // ERROR "expected a line number, found 'x'"
TWO(1) // ERROR "call macro \"TWO\": expected 2 arguments, found 1"
TWO(1, 2, 3) // ERROR "expected 2 arguments, found 3"
#warning careful: it's hot // WARNING "#warning careful: it's hot"
#ifndef LAST // ERROR "#ifndef is not closed: expected #endif before end of file"
