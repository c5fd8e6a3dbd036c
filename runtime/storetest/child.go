package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"shadowpool/runtime"
)

// Variables of the environment that make a test's program a server of a store.
const (
	verbVariable  = "SHADOWPOOL_STORETEST"
	placeVariable = "SHADOWPOOL_STORETEST_PLACE"
)

// Serve makes a process that Start started the server that it is to be, and
// ends it; in any other it does nothing. A package's TestMain calls it first.
// Open opens the store at the place that Start was given.
func Serve(open func(place string) (runtime.Store, error)) {
	verb := os.Getenv(verbVariable)
	if verb == "" {
		return
	}
	if err := serve(verb, os.Getenv(placeVariable), open); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(verb, place string, open func(string) (runtime.Store, error)) error {
	s, err := open(place)
	if err != nil {
		return err
	}
	l, err := s.Lead(context.Background(), replica("child"))
	if err != nil {
		return err
	}
	if verb == "write" {
		return write(l)
	}
	fmt.Println("leads")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch err := l.Append(context.Background(), [][]byte{in.Bytes()}); {
		case err == nil:
			fmt.Println("done")
		case errors.Is(err, runtime.ErrFenced):
			fmt.Println("fenced")
		default:
			fmt.Println("failed:", err)
		}
	}
	return s.Close()
}

// write appends numbered lines from where the journal ends, prints the last
// number of each batch once it is durable, and makes a snapshot now and then,
// which is the last number that it stands for.
func write(l runtime.Lead) error {
	ctx := context.Background()
	snapshot, lines, err := l.Load(ctx)
	if err != nil {
		return err
	}
	n, err := last(snapshot, lines)
	if err != nil {
		return err
	}
	for {
		batch := numbered(n+1, 1+rand.IntN(200))
		if err := l.Append(ctx, bytesOf(batch...)); err != nil {
			return err
		}
		n += len(batch)
		fmt.Println(n)
		if rand.IntN(20) == 0 {
			if err := l.Snapshot(ctx, fmt.Append(nil, n)); err != nil {
				return err
			}
		}
	}
}

// last is the number of the last line, having checked that they follow each
// other from the one of the snapshot.
func last(snapshot []byte, lines [][]byte) (n int, err error) {
	if snapshot != nil {
		if n, err = strconv.Atoi(string(snapshot)); err != nil {
			return 0, err
		}
	}
	for i, line := range lines {
		if want := numbered(n+1, 1)[0]; string(line) != want {
			return 0, fmt.Errorf("line %d is %.40q, want %.40q", i, line, want)
		}
		n++
	}
	return n, nil
}

// A Child is a server in a process of its own, which leads.
type Child struct {
	*os.Process
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

// Start starts one that appends what it is told to. It is killed with the test.
func Start(t *testing.T, place string) *Child {
	t.Helper()
	c, err := start("obey", place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Crash)
	if answer := c.read(); answer != "leads" {
		t.Fatalf("a child says %q instead of leading", answer)
	}
	return c
}

func start(verb, place string) (*Child, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), verbVariable+"="+verb, placeVariable+"="+place)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Child{cmd.Process, cmd, in, bufio.NewScanner(out)}, nil
}

func (c *Child) read() string {
	if !c.out.Scan() {
		return ""
	}
	return c.out.Text()
}

// Tell has the child append a line, and does not wait for it.
func (c *Child) Tell(line string) error {
	_, err := io.WriteString(c.in, strings.TrimSpace(line)+"\n")
	return err
}

// Answer is what came of a line: done, fenced or an error.
func (c *Child) Answer() string { return c.read() }

// Crash kills the child.
func (c *Child) Crash() {
	_ = c.Kill()
	_ = c.cmd.Wait()
}
