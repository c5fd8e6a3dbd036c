package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"shadowpool/trace"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	_ "gocloud.dev/blob/s3blob"    // s3://
)

// A store is a place in a bucket: the objects whose keys begin with a prefix.
type store struct {
	bucket *blob.Bucket
	url    url.URL
	prefix string // empty, or ends in a slash
}

func openStore(ctx context.Context, l location) (*store, error) {
	s := &store{url: l.bucket}
	var err error
	if s.bucket, err = blob.OpenBucket(ctx, l.bucket.String()); err != nil {
		return nil, s.failed(l.key, err)
	}
	return s, nil
}

// name is what messages call an object, or the bucket.
func (s *store) name(key string) string {
	return s.url.Scheme + "://" + s.url.Host + "/" + s.prefix + key
}

func (s *store) open(ctx context.Context, name string) (trace.Input, error) {
	return s.object(ctx, name)
}

// object opens an object by its key.
func (s *store) object(ctx context.Context, key string) (*object, error) {
	if key == "" {
		return nil, fmt.Errorf("%s names a bucket, not a file in it", s.name(""))
	}
	about, err := s.bucket.Attributes(ctx, s.prefix+key)
	if err != nil {
		return nil, s.failed(key, s.reason(ctx, key, err))
	}
	o := &object{bucket: s.bucket, key: s.prefix + key, name: s.name(key), size: about.Size, version: about.ETag, seats: make(chan struct{}, maxAsked)}
	o.ctx, o.cancel = context.WithCancel(ctx)
	return o, nil
}

// reason asks what is wrong: to HEAD, whose answer has no body, S3 does not
// say.
func (s *store) reason(ctx context.Context, key string, err error) error {
	if !errors.As(err, new(awsError)) {
		return err
	}
	r, reason := s.bucket.NewRangeReader(ctx, s.prefix+key, 0, 1, nil)
	if reason != nil {
		return reason
	}
	_ = r.Close()
	return err
}

func (s *store) list(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	for all := s.bucket.List(&blob.ListOptions{Prefix: s.prefix + prefix}); ; {
		o, err := all.Next(ctx)
		if err == io.EOF {
			slices.Sort(names)
			return names, nil
		}
		if err != nil {
			return nil, s.failed(prefix, err)
		}
		if !strings.HasSuffix(o.Key, "/") { // an empty object that stands for a folder
			names = append(names, strings.TrimPrefix(o.Key, s.prefix))
		}
	}
}

func (s *store) close() error { return s.bucket.Close() }
