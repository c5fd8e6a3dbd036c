package bucket

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// A location is where a file is: at a path, or in a bucket by its key.
type location struct {
	path   string // empty for an object
	bucket url.URL
	key    string
}

// IsURL tells URLs from paths.
func IsURL(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	return ok && scheme != "" && !strings.ContainsAny(scheme, `/\.`)
}

func locate(name string) (location, error) {
	if !IsURL(name) {
		return location{path: name}, nil
	}
	u, err := url.Parse(name)
	if err != nil {
		bare, _, _ := strings.Cut(name, "?")
		return location{}, fmt.Errorf("%s is not a URL", bare)
	}
	bare := u.Scheme + "://" + u.Host + u.Path
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" || u.RawQuery != "" || u.Path == "" {
			return location{}, fmt.Errorf("%s: want file:///PATH, with nothing after it", bare)
		}
		return location{path: filepath.FromSlash(u.Path)}, nil
	case "s3", "gs", "azblob":
		if u.Host == "" || u.User != nil {
			return location{}, fmt.Errorf("%s://: want %[1]s://BUCKET/KEY", u.Scheme)
		}
		return location{
			bucket: url.URL{Scheme: u.Scheme, Host: u.Host, RawQuery: u.RawQuery},
			key:    strings.TrimPrefix(u.Path, "/"),
		}, nil
	}
	return location{}, fmt.Errorf("%s: the scheme is none of file, s3, gs, azblob", bare)
}
