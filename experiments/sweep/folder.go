package sweep

import (
	"context"
	"io"

	"shadowpool/trace/bucket"
)

// OpenStore is the store at a directory's path, which need not exist, or at
// the URL of what in a bucket begins so.
func OpenStore(ctx context.Context, name string) (Store, error) {
	if !bucket.IsURL(name) {
		return Directory(name), nil
	}
	f, err := bucket.OpenFolder(ctx, name)
	if err != nil {
		return nil, err
	}
	return folder{f}, nil
}

// A folder is a Store in a bucket.
type folder struct{ *bucket.Folder }

// Write implements Store.
func (f folder) Write(ctx context.Context, name string, body []byte) error {
	return f.Folder.Write(ctx, name, func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	})
}
