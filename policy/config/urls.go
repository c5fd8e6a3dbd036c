package config

import (
	"errors"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v4"
)

// template is a URL with place holders.
func template(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		filled := strings.NewReplacer("{name}", "x", "{tenant}", "x").Replace(n.Value)
		u, err := url.Parse(filled)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(filled, "{}") || len(filled) > maxText {
			return "", errors.New("want a URL such as https://data.example/sets/{name}; {name} and {tenant} are filled in")
		}
		return n.Value, nil
	}}
}

// serverURL is where a server is reached.
func serverURL(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		u, err := url.Parse(n.Value)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return "", errors.New("want the URL of the server, such as https://pool.example")
		}
		if u.Scheme == "http" && !onLoopback(u.Hostname()) {
			return "", errors.New("plans and secrets would travel in the clear; want https, or a server on this machine's loopback interface")
		}
		return n.Value, nil
	}}
}

func onLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || host == "::1" || strings.HasPrefix(host, "127.")
}

// prefix is the beginning of URLs.
func prefix(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		_, err := ParsePrefix(n.Value)
		return n.Value, err
	}}
}

// ParsePrefix reads the beginning of URLs. It ends with a slash, so that it names
// a whole folder of a whole host.
func ParsePrefix(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxText:
		return nil, errors.New("want a URL such as https://data.example/sets/")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("want http or https, and a host, such as https://data.example/sets/")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("want neither user, query nor fragment")
	case !strings.HasSuffix(u.Path, "/") || !CleanPath(u):
		return nil, errors.New("want a path that ends with / and has no . or .. in it")
	}
	return u, nil
}

// CleanPath tells whether all servers agree on where a URL's path leads.
func CleanPath(u *url.URL) bool {
	escaped := strings.ToLower(u.EscapedPath())
	if strings.Contains(u.Path, "\\") || strings.Contains(u.Path, "//") || strings.Contains(escaped, "%2f") || strings.Contains(escaped, "%2e") {
		return false
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return false
		}
	}
	return true
}
