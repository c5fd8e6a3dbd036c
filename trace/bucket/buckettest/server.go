// Package buckettest starts a real S3 server on loopback for tests: versitygw,
// a gateway that keeps objects as files of a directory.
package buckettest

import (
	"bytes"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Install is how the server comes onto a machine, into $GOBIN, which has to
// be in the PATH.
const Install = "go install github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// Region is the server's; requests for another are refused.
const Region = "eu-central-1"

// A Server is one that runs until the test ends.
type Server struct {
	Endpoint string // http://127.0.0.1:PORT
	Dir      string // its buckets are directories in it
}

// Start starts a server with one bucket, called pool, and sets the variables
// of the environment that the SDK takes credentials and region from. It skips
// the test where the server is not installed.
func Start(t testing.TB) *Server {
	t.Helper()
	path, err := exec.LookPath("versitygw")
	if err != nil {
		t.Skipf("no S3 server on this machine: %s", Install)
	}
	s := &Server{Dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(s.Dir, "pool"), 0o777); err != nil {
		t.Fatal(err)
	}
	const key, secret = "warm", "warm-secret"
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "", "AWS_REGION": Region,
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	address := free(t)
	s.Endpoint = "http://" + address
	var log bytes.Buffer
	cmd := exec.Command(path, "--port", address, "--access", key, "--secret", secret, "--region", Region, "--quiet",
		"posix", "--sidecar", t.TempDir(), s.Dir)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("versitygw: %v\n%s", err, log.Bytes())
		default:
		}
		if answer, err := http.Get(s.Endpoint); err == nil {
			_ = answer.Body.Close()
			return s
		}
		if time.Now().After(deadline) {
			t.Fatal("versitygw does not answer")
		}
	}
}

// URL names an object of the bucket, or with an empty key the bucket.
func (s *Server) URL(key string) string { return At(s.Endpoint, key) }

// At is the URL of an object behind another endpoint, such as a proxy before
// the server.
func At(endpoint, key string) string {
	query := url.Values{"endpoint": {endpoint}, "use_path_style": {"true"}}
	return "s3://pool/" + key + "?" + query.Encode()
}

// free is an address on loopback that nothing listens at.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
