//go:build linux

// Package deploy_test checks what users deploy with: the unit, the image's
// recipe, and what make release makes.
package deploy_test

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var release = flag.Bool("release", false, "make a release, and try it")

func run(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c, err, out)
	}
	return string(out)
}

func find(t *testing.T, program, why string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("there is no %s here: %s", program, why)
	}
	return path
}

// systemd finds nothing wrong with the unit, and little that it could do to
// the machine.
func TestUnit(t *testing.T) {
	analyze := find(t, "systemd-analyze", "the unit is not looked at")
	text, err := os.ReadFile("systemd/shadowpool.service")
	if err != nil {
		t.Fatal(err)
	}
	// The command must exist for the unit to be good.
	unit := strings.ReplaceAll(string(text), "/usr/local/bin/live", find(t, "true", ""))
	file := filepath.Join(t.TempDir(), "shadowpool.service")
	if err := os.WriteFile(file, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := run(t, exec.Command(analyze, "verify", "--man=no", "--recursive-errors=no", file)); strings.TrimSpace(out) != "" {
		t.Errorf("%s", out)
	}
	out, err := exec.Command(analyze, "security", "--offline=yes", "--no-pager", "--threshold=35", file).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Log(regexp.MustCompile(`Overall exposure level.*`).FindString(string(out)))
	if _, err := exec.LookPath("systemd-sysusers"); err == nil {
		users, err := filepath.Abs("systemd/shadowpool.sysusers")
		if err != nil {
			t.Fatal(err)
		}
		run(t, exec.Command("systemd-sysusers", "--dry-run", users))
	}
}

// An instruction of the Containerfile.
type instruction struct {
	word string
	rest string
}

func recipe(t *testing.T) (stages [][]instruction) {
	t.Helper()
	text, err := os.ReadFile("container/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"FROM", "WORKDIR", "COPY", "RUN", "ARG", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if !slices.Contains(known, word) || strings.TrimSpace(rest) == "" {
			t.Errorf("%q is no instruction", line)
		}
		if word == "FROM" {
			stages = append(stages, nil)
		}
		stages[len(stages)-1] = append(stages[len(stages)-1], instruction{word, rest})
	}
	return stages
}

// form is an instruction in its form of a JSON list, which needs no shell: the
// image has none.
func form(t *testing.T, of string) (words []string) {
	t.Helper()
	from := strings.IndexByte(of, '[')
	if from < 0 || json.Unmarshal([]byte(of[from:]), &words) != nil || len(words) == 0 {
		t.Fatalf("%q is no list", of)
	}
	return words
}

func TestContainer(t *testing.T) {
	stages := recipe(t)
	if len(stages) != 2 || !strings.HasSuffix(stages[0][0].rest, " AS build") {
		t.Fatalf("%d stages, the first %v", len(stages), stages)
	}
	built := map[string]bool{}
	for _, i := range stages[0] {
		if i.word == "RUN" && strings.Contains(i.rest, "go build") {
			if !strings.HasPrefix(i.rest, "CGO_ENABLED=0 ") {
				t.Errorf("not static: %s", i.rest)
			}
			for _, c := range regexp.MustCompile(`\./cmd/(\w+)`).FindAllStringSubmatch(i.rest, -1) {
				if _, err := os.Stat(filepath.Join("..", "cmd", c[1], "main.go")); err != nil {
					t.Error(err)
				}
				built["/usr/local/bin/"+c[1]] = strings.Contains(i.rest, "-o /out/ ")
			}
		}
	}
	last := map[string]string{}
	for _, i := range stages[1] {
		last[i.word] += i.rest + "\n"
	}
	if !strings.Contains(last["COPY"], "--from=build /out/live /out/simulate /usr/local/bin/\n") || len(built) != 2 {
		t.Errorf("%v is copied of %v", last["COPY"], built)
	}
	if user := strings.TrimSpace(last["USER"]); !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("its user is %s, which Kubernetes cannot tell from root", user)
	}
	if last["RUN"] != "" {
		t.Errorf("%s: there is no shell", last["RUN"])
	}
	for _, word := range []string{"ENTRYPOINT", "HEALTHCHECK"} {
		if command := form(t, last[word]); !built[command[0]] {
			t.Errorf("%s %v is not in the image", word, command)
		}
	}
	if form(t, last["CMD"])[0] != "serve" {
		t.Errorf("%s", last["CMD"])
	}
}

// What is released is the same each time, says its version, and needs nothing
// but itself: it serves claims in a root that has nothing else.
func TestRelease(t *testing.T) {
	if !*release {
		t.Skip("builds for minutes; make release-test")
	}
	dir := t.TempDir()
	sums := func(dist string) string {
		c := exec.Command("make", "release", "VERSION=v0.0.0-test", "PLATFORMS=linux/"+runtime.GOARCH, "COMMANDS=./cmd/live", "DIST="+dist, "SOURCE_DATE_EPOCH=1700000000")
		c.Dir = ".."
		run(t, c)
		check := exec.Command("sha256sum", "--check", "SHA256SUMS")
		check.Dir = dist
		run(t, check)
		text, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	if a, b := sums(one), sums(two); a != b {
		t.Errorf("two releases of one commit:\n%s%s", a, b)
	}
	name := "shadowpool_v0.0.0-test_linux_" + runtime.GOARCH
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, exec.Command("tar", "-C", dir, "-xzf", filepath.Join(one, name+".tar.gz")))
	for _, file := range []string{"README.md", "docs/install.md", "systemd/shadowpool.service"} {
		if _, err := os.Stat(filepath.Join(dir, name, file)); err != nil {
			t.Error(err)
		}
	}
	live := filepath.Join(dir, name, "live")
	if out := run(t, exec.Command(live, "--version")); out != "live version v0.0.0-test\n" {
		t.Errorf("%q", out)
	}
	f, err := elf.Open(live)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("not static: it has %v", p.Type)
		}
	}
	bare(t, live, root)
}

// bare runs live in a root of its own with nothing but what every container
// has: /proc, /tmp, and a /dev/null to read from.
func bare(t *testing.T, live, root string) {
	t.Helper()
	inside := []string{"--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--root=" + root, "--mount-proc"}
	if os.Getuid() == 0 {
		inside = inside[2:]
	}
	unshare := find(t, "unshare", "what is released is not run")
	for _, folder := range []string{"proc", "tmp", "dev"} {
		if err := os.Mkdir(filepath.Join(root, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "dev", "null"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	run(t, exec.Command("cp", live, filepath.Join(root, "live")))
	if out, err := exec.Command(unshare, append(inside, "/live", "--version")...).CombinedOutput(); err != nil {
		t.Skipf("a root of its own is not to be had here, so what is released is not run: %v %s", err, out)
	}
	server := exec.Command(unshare, append(inside, "/live", "serve", "--listen", "127.0.0.1:0", "--lead-time", "10ms")...)
	said, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	defer func() {
		_ = server.Process.Kill() // and, by --kill-child, what is inside
		<-read
		_ = server.Wait()
	}()
	address, lines := "", bufio.NewScanner(said)
	for serving := regexp.MustCompile(`msg=serving address=(\S+)`); address == "" && lines.Scan(); {
		if found := serving.FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
		}
	}
	go func() {
		defer close(read)
		for lines.Scan() {
			fmt.Fprintln(t.Output(), lines.Text())
		}
	}()
	if out := run(t, exec.Command(live, "claim", "--server", address, "--deadline", "20s")); !regexp.MustCompile(`address +http://127\.0\.0\.1:\d+\n`).MatchString(out) {
		t.Errorf("%s", out)
	}
	run(t, exec.Command(live, "health", "--server", address))
	run(t, exec.Command(live, "drain", "--server", address))
	if out, err := exec.Command(live, "health", "--server", address).CombinedOutput(); err == nil || !strings.Contains(string(out), "takes no claims: ") {
		t.Errorf("a server that drains: %v %s", err, out)
	}
	fmt.Fprintln(t.Output(), "served claims from an empty root at", address)
}
