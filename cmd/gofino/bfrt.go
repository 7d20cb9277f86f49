package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gofino/agent"
)

// bfrtFlags say how controllers reach a live switch.
type bfrtFlags struct {
	address   string
	plaintext bool
	cert, key string
	clientCA  string
}

// noServer is the address of no server.
const noServer = "none"

func (f *bfrtFlags) register(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.address, "bfrt", "127.0.0.1:50052", "serve BFRuntime on `ADDR`; none for no server")
	fs.BoolVar(&f.plaintext, "bfrt-plaintext", false, "serve without TLS on other addresses than the loopback, too")
	fs.StringVar(&f.cert, "bfrt-cert", "", "speak TLS with the certificate in `FILE` (PEM)")
	fs.StringVar(&f.key, "bfrt-key", "", "the certificate's key: `FILE` (PEM)")
	fs.StringVar(&f.clientCA, "bfrt-client-ca", "", "only clients with a certificate of an authority in `FILE` (PEM)")
}

// config is the server's configuration.
func (f *bfrtFlags) config() (agent.Config, error) {
	c := agent.Config{Plaintext: f.plaintext}
	if (f.cert == "") != (f.key == "") {
		return c, usagef("--bfrt-cert and --bfrt-key go together")
	}
	if f.cert == "" {
		if f.clientCA != "" {
			return c, usagef("--bfrt-client-ca needs --bfrt-cert and --bfrt-key")
		}
		return c, nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return c, fmt.Errorf("read the server's certificate: %w", err)
	}
	c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if f.clientCA == "" {
		return c, nil
	}
	pool, err := readPool(f.clientCA)
	if err != nil {
		return c, err
	}
	c.TLS.ClientCAs, c.TLS.ClientAuth = pool, tls.RequireAndVerifyClientCert
	return c, nil
}

func readPool(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read authorities: %s has no certificate in PEM form", path)
	}
	return pool, nil
}

// controlPatience is how long calls under way may take at the end.
const controlPatience = 2 * time.Second

// serve answers controllers in the background. The server it returns is nil
// where none is wanted; stop ends it.
func (f *bfrtFlags) serve(dev agent.Device, stderr io.Writer) (s *agent.Server, stop func(), err error) {
	if f.address == noServer || f.address == "" {
		return nil, func() {}, nil
	}
	conf, err := f.config()
	if err != nil {
		return nil, nil, err
	}
	s = agent.NewServer(dev, conf)
	l, err := s.Listen(f.address)
	if err != nil {
		return nil, nil, fmt.Errorf("%w (--bfrt chooses another address, or %s)", err, noServer)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	var once sync.Once
	return s, func() {
		once.Do(func() {
			s.Stop(controlPatience)
			if err := <-ended; err != nil {
				fmt.Fprintf(stderr, "gofino: %v\n", err)
			}
		})
	}, nil
}
