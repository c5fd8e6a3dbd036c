package bucket_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"shadowpool/trace/bucket/buckettest"
)

// A proxy stands before a server, counts, and breaks what it is told to.
type proxy struct {
	Endpoint       string
	asked, sent    atomic.Int64 // requests; bytes of answers
	refuse, cutOff atomic.Int64 // so many requests and answers yet
}

func newProxy(t *testing.T, s *buckettest.Server) *proxy {
	t.Helper()
	target, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			r.Body = &answer{r.Body, p, r.ContentLength > 16<<10 && p.cutOff.Add(-1) >= 0, r.ContentLength / 2}
			return nil
		},
		ErrorLog: quiet,
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if p.refuse.Add(-1) >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	front.Config.ErrorLog = quiet
	t.Cleanup(front.Close)
	p.Endpoint = front.URL
	return p
}

type answer struct {
	io.ReadCloser
	proxy *proxy
	cut   bool
	left  int64 // bytes until it is cut off
}

func (a *answer) Read(p []byte) (int, error) {
	if a.cut {
		if a.left <= 0 {
			return 0, io.ErrUnexpectedEOF
		}
		p = p[:min(int64(len(p)), a.left)]
	}
	n, err := a.ReadCloser.Read(p)
	a.left -= int64(n)
	a.proxy.sent.Add(int64(n))
	return n, err
}
