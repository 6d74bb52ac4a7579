package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"sync"
	"time"
)

// gateway is the name that the host's certificate has.
const gateway = "gateway.example.org"

// authority signs the certificates of one run of the tests.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// pki is the authority that hosts and clients of this run trust.
var pki = sync.OnceValue(func() *authority {
	a := &authority{key: newKey()}
	a.cert = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "e2e"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, &a.key.PublicKey)
	return a
})

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // no randomness
	}
	return key
}

// sign fills in what all certificates have. The authority's own is signed by itself.
func (a *authority) sign(c *x509.Certificate, key *ecdsa.PublicKey) *x509.Certificate {
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	parent := a.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key, a.key)
	if err == nil {
		c, err = x509.ParseCertificate(der)
	}
	if err != nil {
		panic(err) // the template is wrong
	}
	return c
}

func (a *authority) issue(c *x509.Certificate) tls.Certificate {
	key := newKey()
	return tls.Certificate{Certificate: [][]byte{a.sign(c, &key.PublicKey).Raw}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// client is how a client connects: without a certificate, or with that of name,
// whose URI is spiffe://example.org/name, whose DNS name is name.example.org and
// whose subject is CN=name,O=Example.
func (a *authority) client(name string) *tls.Config {
	config := &tls.Config{RootCAs: a.pool(), ServerName: gateway}
	if name != "" {
		config.Certificates = []tls.Certificate{a.issue(&x509.Certificate{
			Subject:     pkix.Name{CommonName: name, Organization: []string{"Example"}},
			URIs:        []*url.URL{{Scheme: "spiffe", Host: "example.org", Path: "/" + name}},
			DNSNames:    []string{name + ".example.org"},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})}
	}
	return config
}

func (a *authority) gateway() tls.Certificate {
	return a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: gateway}, DNSNames: []string{gateway},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
}

// server is how hostsim listens: a client may show a certificate, which must be
// one of the authority's.
func (a *authority) server() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.gateway()}, ClientCAs: a.pool(), ClientAuth: tls.VerifyClientCertIfGiven}
}

// secure is server for Envoy.
func (b *bootstrap) secure() {
	cert := pki().gateway()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		panic(err) // a kind of key that it does not know
	}
	text := func(kind string, der []byte) tree {
		return tree{"inline_string": string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))}
	}
	chains, _ := b.listener["filter_chains"].([]any)
	for _, chain := range chains {
		chain.(tree)["transport_socket"] = tree{"name": "tls", "typed_config": tree{
			"@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
			"common_tls_context": tree{
				"tls_certificates": []any{tree{"certificate_chain": text("CERTIFICATE", cert.Certificate[0]),
					"private_key": text("PRIVATE KEY", key)}},
				"validation_context": tree{"trusted_ca": text("CERTIFICATE", pki().cert.Raw)},
			},
		}}
	}
}
