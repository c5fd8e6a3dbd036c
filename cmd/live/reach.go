package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/spf13/pflag"

	"shadowpool/policy/config"
	"shadowpool/runtime/api"
)

// reach is who may reach the server, and how.
type reach struct {
	config.API
	noAuth, noTLS bool
	identity      *api.Identity // nil without TLS
}

func (r *reach) add(flags *pflag.FlagSet) {
	flags.BoolVar(&r.noAuth, "insecure-no-auth", false, "ask nobody who they are, although others than this machine can reach the address")
	flags.BoolVar(&r.noTLS, "insecure-no-tls", false, "take tokens in the clear, because something before the server encrypts")
}

// load reads what the configuration names, into the API's options.
func (r *reach) load(to *api.Options) error {
	to.Limits = api.Limits{
		Rate: r.Limits.Rate, Burst: r.Limits.Burst, Claims: r.Limits.Claims, Waiting: r.Limits.Waiting, Fair: r.Limits.Fair, Tenants: r.Limits.Tenants,
	}
	var err error
	if r.TokensFile != "" {
		if to.Tokens, err = api.LoadTokens(r.TokensFile); err != nil {
			return err
		}
	}
	if r.ClientCA != "" {
		to.CertificateTenant = map[config.CertificateField]func(*x509.Certificate) string{
			config.CommonName: api.ByCommonName, config.Organization: api.ByOrganization, config.OrganizationalUnit: api.ByUnit,
		}[r.ClientTenant]
	}
	return err
}

// reload reads tokens and certificates again.
func (r *reach) reload(of *api.Options) error {
	var all []error
	if of.Tokens != nil {
		all = append(all, of.Tokens.Reload())
	}
	if r.identity != nil {
		all = append(all, r.identity.Reload())
	}
	return errors.Join(all...)
}

// show loads what the server shows its clients, if it does.
func (r *reach) show(log *slog.Logger) (err error) {
	if r.TLS.CertFile != "" {
		r.identity, err = api.LoadIdentity(api.TLSFiles{Cert: r.TLS.CertFile, Key: r.TLS.KeyFile, ClientCA: r.ClientCA}, log)
	}
	return err
}

// allow refuses to serve at an address that others reach without being asked
// who they are, or where they could listen in.
func (r *reach) allow(at net.Addr, log *slog.Logger) error {
	asked, local := r.TokensFile != "" || r.ClientCA != "", loopback(at)
	switch {
	case !asked && local:
		log.Warn("there is no authentication: every program of this machine may claim, release and drain", "address", at.String())
	case !asked && r.noAuth:
		log.Warn("there is no authentication: whoever reaches the address may claim, release and drain", "address", at.String())
	case !asked:
		return fmt.Errorf("others can reach %v, and nobody would be asked who they are: give api.tokens_file (live token create) or api.client_ca, listen on localhost, or say --insecure-no-auth", at)
	case !local && r.identity == nil && !r.noTLS:
		return fmt.Errorf("others can reach %v, and tokens and secrets would cross the network in the clear: give api.tls, listen on localhost, or say --insecure-no-tls if something before the server encrypts", at)
	}
	return nil
}
