package agent_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gofino/agent"
	"gofino/tables"
)

// certificate signs one for the loopback; without a parent it is an authority's
// own.
func certificate(t *testing.T, parent *tls.Certificate) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "gofino test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: parent == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	signer, by := any(key), c
	if parent != nil {
		signer, by = parent.PrivateKey, parent.Leaf
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, &key.PublicKey, signer)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// TestTLS: with client authorities only clients with a certificate get in.
func TestTLS(t *testing.T) {
	ca := certificate(t, nil)
	pool := x509.NewCertPool()
	pool.AddCert(ca.Leaf)
	server, client := certificate(t, &ca), certificate(t, &ca)
	_, at := serve(t, agent.Programs{{Name: "suite", API: newSwitch(t).API()}}, agent.Config{TLS: &tls.Config{
		Certificates: []tls.Certificate{server}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}})
	c := dial(t, agent.ClientConfig{Address: at, TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{client}}})
	_, err := c.Usage(bounded(t), tables.AllPipes, "forward")
	require.NoError(t, err)
	for name, conf := range map[string]*tls.Config{
		"no certificate": {RootCAs: pool}, "another authority": {Certificates: []tls.Certificate{client}}, "plaintext": nil,
	} {
		ctx := short(t)
		_, err := agent.Dial(ctx, agent.ClientConfig{Address: at, ID: 3, TLS: conf})
		require.ErrorIs(t, err, agent.ErrAway, name)
	}
}
