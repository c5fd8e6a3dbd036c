package bucket

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"mime"
	"path"
	"time"

	"gocloud.dev/blob"
)

// grace is how long the parts of an upload may take to be removed when the
// context has ended.
const grace = 10 * time.Second

func (s *store) write(ctx context.Context, key string, content func(io.Writer) error) error {
	if key == "" {
		return fmt.Errorf("%s names a bucket, not a file in it", s.name(""))
	}
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := s.bucket.Upload(living, s.prefix+key, r, &blob.WriterOptions{
			ContentType: cmp.Or(mime.TypeByExtension(path.Ext(key)), "application/octet-stream"),
		})
		done <- err
		_ = r.CloseWithError(cmp.Or(err, io.ErrClosedPipe))
	}()
	// S3 keeps the parts of an upload until it is told to drop them, which the
	// SDK does when its source fails, but only while the context lives. For
	// other stores the source's error is an end like any other.
	abandon := func(err error) {
		if s.url.Scheme != "s3" {
			end()
		}
		_ = w.CloseWithError(err)
	}
	defer context.AfterFunc(ctx, func() {
		abandon(ctx.Err())
		time.AfterFunc(grace, end)
	})()

	err := content(w)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err == nil {
		_ = w.Close() // always nil
		if err := <-done; err != nil {
			return s.failed(key, err)
		}
		return nil
	}
	select {
	case failed := <-done: // that is why content failed
		if ctx.Err() == nil {
			return s.failed(key, failed)
		}
	default:
		abandon(err)
		<-done
	}
	return fmt.Errorf("%s: %w", s.name(key), err)
}
