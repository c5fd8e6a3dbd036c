package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// startKubernetes starts an API server with its store, the controllers of jobs
// and of what hangs on them, and a node that runs pods as processes.
func (s *site) startKubernetes() {
	s.Helper()
	ca := s.authority()
	ca.issue("server", pkix.Name{CommonName: "kube-apiserver"})
	ca.issue("admin", pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}})
	ca.issue("controllers", pkix.Name{CommonName: "system:kube-controller-manager"})
	// Tokens of service accounts are signed by RSA.
	accounts, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.Fatal(err)
	}
	s.writeKey("accounts.key", accounts)

	store, peers, server := s.port(), s.port(), s.port()
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", store), fmt.Sprintf("http://127.0.0.1:%d", peers)
	s.daemon("etcd", "--name=test", "--data-dir="+s.path("etcd"), "--unsafe-no-fsync", "--initial-cluster=test="+peer,
		"--listen-client-urls="+client, "--advertise-client-urls="+client, "--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer)
	s.daemon("kube-apiserver", "--etcd-servers="+client, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", server), "--endpoint-reconciler-type=none", "--authorization-mode=RBAC",
		"--tls-cert-file="+s.path("server.crt"), "--tls-private-key-file="+s.path("server.key"), "--client-ca-file="+s.path("ca.crt"), "--requestheader-client-ca-file="+s.path("ca.crt"), "--requestheader-allowed-names=proxy",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-key-file="+s.path("accounts.key"), "--service-account-signing-key-file="+s.path("accounts.key"))
	for _, user := range []string{"admin", "controllers"} {
		s.write(user+".kubeconfig", fmt.Sprintf(`
apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
clusters: [{name: test, cluster: {server: "https://127.0.0.1:%[3]d", certificate-authority: %[1]s/ca.crt}}]
users: [{name: test, user: {client-certificate: %[1]s/%[2]s.crt, client-key: %[1]s/%[2]s.key}}]
`, s.dir, user, server))
	}
	s.set("KUBECONFIG", s.path("admin.kubeconfig"))
	s.await("an API server", func() bool { return s.succeeds("kubectl", "get", "--raw", "/readyz") })
	controllers := "--kubeconfig=" + s.path("controllers.kubeconfig")
	s.daemon("kube-controller-manager", controllers, strings.Replace(controllers, "--", "--authentication-", 1), strings.Replace(controllers, "--", "--authorization-", 1),
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", s.port()), "--cert-dir="+s.dir, "--flex-volume-plugin-dir="+s.path("flex"), "--leader-elect=false",
		"--service-account-private-key-file="+s.path("accounts.key"), "--root-ca-file="+s.path("ca.crt"), "--use-service-account-credentials=true",
		"--controllers=job-controller,namespace-controller,garbage-collector-controller,serviceaccount-controller")
	s.run(0, "mkdir pods")
	s.daemon("node", "-kubeconfig="+s.path("admin.kubeconfig"), "-program="+s.path("bin/simulate"), "-folder="+s.path("pods"))
}

// An authority vouches for the server and its clients.
type authority struct {
	*site
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func (s *site) authority() *authority {
	s.Helper()
	a := &authority{site: s}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.certificate, a.key = a.sign("ca", template)
	return a
}

func (a *authority) issue(name string, subject pkix.Name) {
	a.Helper()
	a.sign(name, &x509.Certificate{
		Subject: subject, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}, DNSNames: []string{"localhost", "kubernetes.default.svc"},
	})
}

// sign writes NAME.crt and NAME.key, signed by the authority or, as long as it
// has no certificate, by itself.
func (a *authority) sign(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.Fatal(err)
	}
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.Fatal(err)
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		a.Fatal(err)
	}
	a.write(name+".crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	a.writeKey(name+".key", key)
	return certificate, key
}

func (s *site) writeKey(name string, key crypto.PrivateKey) {
	s.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.Fatal(err)
	}
	s.write(name, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

// TestClusterKubernetes runs docs/cluster.md's sweep as an Indexed Job, with
// trace and results in an object store, and kills one pod's process.
func TestClusterKubernetes(t *testing.T) {
	s := newSite(t, "etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "node", "versitygw")
	if os.Getuid() != 0 {
		t.Skip("only root may give a process another root folder and user")
	}
	s.startStore()
	s.startKubernetes()
	s.sweepAlone(experiment)
	s.write("experiment.yaml", fmt.Sprintf(experiment, "s3://sweeps/requests.parquet"))
	commands, again := s.blocks("Kubernetes", 4), s.blocks("When a shard is lost", 4)
	const results = "store/sweeps/monday"

	// The first shard is done from here, the others by pods.
	s.run(0, s.blocks("Object store", 1)[0])
	s.run(0, commands[0])
	s.run(0, "kubectl label namespace sweeps pod-security.kubernetes.io/enforce=restricted")
	s.run(0, commands[1])
	if manifest := s.read("sweep.yaml"); strings.Contains(manifest, s.secret) {
		t.Errorf("the manifest holds the secret:\n%s", manifest)
	}
	begun := len(s.finished(results))
	s.kill("JOB_COMPLETION_INDEX", 1, func() bool { return len(s.finished(results)) > begun })
	finished := s.finished(results)
	s.run(0, commands[2])
	s.sameAsAlone(results)
	s.notRepeated(results, finished)
	s.run(0, commands[3])
	const ends = `kubectl --namespace sweeps get pods --output 'jsonpath={range .items[*]}{.metadata.labels.batch\.kubernetes\.io/job-completion-index} {.status.containerStatuses[0].state.terminated.exitCode}{"\n"}{end}' | sort`
	if got := s.run(0, ends); got != "0 0\n1 0\n1 137\n2 0\n3 0" {
		t.Errorf("pods by index, and their status:\n%s", got)
	}

	// Nothing is left to do, and each shard sees it.
	finished = s.finished(results)
	s.run(0, again[2])
	s.run(0, commands[2])
	s.notRepeated(results, finished)

	// The shards of an experiment that cannot be are not tried again.
	s.write("experiment.yaml", "traces: [s3://sweeps/none.parquet]\n")
	job := s.run(0, "simulate sweep experiment.yaml --out s3://sweeps/tuesday --submit kubernetes --image simulate --namespace sweeps --secret store --shards 2 --cpus 1 --memory 100M --now | sed -n 's/^job.batch.\\(.*\\) created/\\1/p'")
	s.run(0, "kubectl --namespace sweeps wait --for condition=failed --timeout 1m job/"+job)
	pods := s.run(0, "kubectl --namespace sweeps get pods --selector job-name="+job+" --output name")
	logs := s.run(0, "kubectl --namespace sweeps logs --selector job-name="+job)
	if strings.Count(pods, "\n") != 1 || strings.Count(logs, "NoSuchKey") != 2 {
		t.Errorf("want two pods, each of which says why:\n%s\n%s", pods, logs)
	}
}
