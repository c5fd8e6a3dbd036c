package config

import (
	"time"

	"go.yaml.in/yaml/v4"
)

// An API is how the live server is reached, and by whom.
type API struct {
	Listen        string        // HOST:PORT
	ClaimDeadline time.Duration // of a claim that names none
	MaxDeadline   time.Duration // that a claim may name
	TLS           TLS
	TokensFile    string // who may do what; empty: there are no tokens
	// ClientCA is a file of certificates; a client that has one of theirs acts for
	// the tenant that ClientTenant of its subject names. Empty: there are none.
	ClientCA     string
	ClientTenant CertificateField
	Limits       APILimits
}

// TLS are the files of the server's certificate; both are empty, or none.
type TLS struct {
	CertFile, KeyFile string
}

// APILimits bound each tenant; zero is no bound.
type APILimits struct {
	Rate    float64 // claims a second
	Burst   int     // claims at once; zero is what Rate makes in a second
	Claims  int     // that wait or are held
	Waiting int     // that wait
	Fair    int     // claims of a category and zone that wait in the pool before tenants take turns; zero: they do not
	Tenants int     // that are told apart
}

// A CertificateField is a part of a certificate's subject.
type CertificateField uint8

// The parts that may name a tenant.
const (
	CommonName CertificateField = iota
	Organization
	OrganizationalUnit
)

func api(to *API) schema {
	*to = API{Listen: DefaultListen, ClaimDeadline: DefaultClaimDeadline, MaxDeadline: DefaultMaxDeadline}
	return object{
		fields: []field{
			{key: "listen", schema: address(&to.Listen)},
			{key: "claim_deadline", schema: span(&to.ClaimDeadline, time.Millisecond, maxWait)},
			{key: "max_deadline", schema: span(&to.MaxDeadline, time.Millisecond, maxWait)},
			{key: "tls", schema: object{fields: []field{
				{key: "cert_file", required: "the file of the server's certificate, in PEM", schema: name(&to.TLS.CertFile)},
				{key: "key_file", required: "the file of the certificate's key, in PEM", schema: name(&to.TLS.KeyFile)},
			}}},
			{key: "tokens_file", schema: name(&to.TokensFile)},
			{key: "client_ca", schema: name(&to.ClientCA)},
			{key: "client_tenant", schema: oneOf(&to.ClientTenant,
				choice[CertificateField]{"common_name", CommonName}, choice[CertificateField]{"organization", Organization},
				choice[CertificateField]{"organizational_unit", OrganizationalUnit})},
			{key: "limits", schema: apiLimits(&to.Limits)},
		},
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			switch {
			case to.ClaimDeadline > to.MaxDeadline:
				p.fail(n, path, "claim_deadline %s is longer than max_deadline %s", short(to.ClaimDeadline), short(to.MaxDeadline))
			case given["client_ca"] != nil && given["tls"] == nil:
				p.fail(given["client_ca"], join(path, "client_ca"), "clients show certificates over TLS only; give tls too")
			case given["client_tenant"] != nil && given["client_ca"] == nil:
				p.fail(given["client_tenant"], join(path, "client_tenant"), "nobody has a certificate without client_ca; give it too, or leave this out")
			}
		},
	}
}

func apiLimits(to *APILimits) schema {
	const most = 1_000_000
	return object{
		fields: []field{
			{key: "rate", schema: number(&to.Rate, 0.001, most, "claims a second")},
			{key: "burst", schema: count(&to.Burst, most)},
			{key: "claims", schema: count(&to.Claims, most)},
			{key: "waiting", schema: count(&to.Waiting, most)},
			{key: "fair", schema: count(&to.Fair, most)},
			{key: "tenants", schema: count(&to.Tenants, most)},
		},
		check: func(p *parser, _ *yaml.Node, path string, given map[string]*yaml.Node) {
			if given["burst"] != nil && given["rate"] == nil {
				p.fail(given["burst"], join(path, "burst"), "bounds nothing without a rate; give it too, or leave this out")
			}
		},
	}
}
