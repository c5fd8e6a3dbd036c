package bucket

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// A location is where a file is: at a path, or in a bucket by its key.
type location struct {
	path   string // empty for an object
	bucket url.URL
	key    string
}

// IsURL tells URLs from paths.
func IsURL(name string) bool { return aScheme.MatchString(name) }

var aScheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+-]*://`)

// Join is the path or URL of what has a name in a folder; ".." leads out of
// it. A URL keeps its query.
func Join(folder string, name ...string) string {
	if u, err := url.Parse(folder); err == nil && IsURL(folder) {
		return u.JoinPath(name...).String()
	}
	return filepath.Join(append([]string{folder}, name...)...)
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
