// Package veth builds small networks out of namespaces and virtual cables, for
// tests, benchmarks and the demo.
//
//	+-- Namespace --+                      +-- Namespace --+
//	|           a0 ----------- Cable ----------- b0        |
//	+---------------+                      +---------------+
//
// A Namespace has no name and no file: it lives as long as something of this
// process uses it, and is gone with the process, however that ends. Nothing
// outside of a Namespace is touched.
//
// It needs CAP_SYS_ADMIN and CAP_NET_ADMIN, and Linux; elsewhere every
// function returns an error that says so. It imports netlink and x/sys, nothing
// of ours; anyone may import it.
package veth
