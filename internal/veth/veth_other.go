//go:build !linux

package veth

import (
	"context"
	"errors"
	"net"
)

// errLinux is what every function returns here.
var errLinux = errors.New("network namespaces need Linux")

// Namespace does not exist here.
type Namespace struct{}

// Missing says that Linux is missing.
func Missing() error { return errLinux }

// New returns an error.
func New() (*Namespace, error) { return nil, errLinux }

// Do returns an error.
func (n *Namespace) Do(func() error) error { return errLinux }

// Run returns an error.
func (n *Namespace) Run(context.Context, string, ...string) ([]byte, error) { return nil, errLinux }

// Close has nothing to close.
func (n *Namespace) Close() error { return nil }

// Cable returns an error.
func Cable(a *Namespace, aName string, b *Namespace, bName string, mtu int) error { return errLinux }

// SetUp returns an error.
func (n *Namespace) SetUp(name string, up bool) error { return errLinux }

// Delete returns an error.
func (n *Namespace) Delete(name string) error { return errLinux }

// AddAddr returns an error.
func (n *Namespace) AddAddr(name, cidr string) error { return errLinux }

// AddNeighbour returns an error.
func (n *Namespace) AddNeighbour(name string, ip net.IP, mac net.HardwareAddr) error { return errLinux }

// HardwareAddr returns an error.
func (n *Namespace) HardwareAddr(name string) (net.HardwareAddr, error) { return nil, errLinux }

// Count is what an interface has carried.
type Count struct{ RxFrames, RxBytes, RxDropped, TxFrames, TxBytes, TxDropped uint64 }

// Count returns an error.
func (n *Namespace) Count(name string) (Count, error) { return Count{}, errLinux }
