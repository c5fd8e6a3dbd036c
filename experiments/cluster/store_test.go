package cluster

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// startStore starts an S3 server, whose buckets are the directories of store/,
// and writes store.env, by which it is reached.
func (s *site) startStore() {
	s.Helper()
	s.run(0, "mkdir -p store/sweeps attributes")
	address, region := fmt.Sprintf("127.0.0.1:%d", s.port()), "eu-central-1"
	s.secret = rand.Text()
	s.daemon("versitygw", "--port", address, "--access", "sweeper", "--secret", s.secret, "--region", region, "--quiet",
		"posix", "--sidecar", s.path("attributes"), s.path("store"))
	s.await("an S3 server", func() bool {
		answer, err := http.Get("http://" + address)
		return err == nil && answer.Body.Close() == nil
	})
	s.write("store.env", strings.Join([]string{
		"AWS_ACCESS_KEY_ID=sweeper", "AWS_SECRET_ACCESS_KEY=" + s.secret, "AWS_REGION=" + region, "AWS_ENDPOINT_URL_S3=http://" + address, "",
	}, "\n"))
	// Nothing of this machine's own accounts.
	s.set("AWS_CONFIG_FILE", os.DevNull)
	s.set("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	s.set("AWS_EC2_METADATA_DISABLED", "true")
}
