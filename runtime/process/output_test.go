package process

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestOutput(t *testing.T) {
	o := newOutput(regexp.MustCompile(`^listening on (\S+)$`))
	w := o.stdout()
	for _, part := range []string{"warming\nlist", "ening on", " :80\r", "\nlistening on :81\n"} {
		fmt.Fprint(w, part)
	}
	if got := <-o.ready; got != ":80" {
		t.Errorf("address %q", got)
	}
	if o.tail() != "warming\nlistening on :80\r\nlistening on :81" {
		t.Errorf("tail %q", o.tail())
	}
}

// TestOutputIsBounded: neither a line without end nor much of it grows.
func TestOutputIsBounded(t *testing.T) {
	o := newOutput(regexp.MustCompile(`ready`))
	w, e := o.stdout(), o.stderr()
	for i := range 5000 {
		fmt.Fprintf(w, "%s %d", strings.Repeat("x", 17), i)
		fmt.Fprintf(e, "%d;", i)
	}
	if len(o.ring) != maxOutput || len(o.part) != maxLine {
		t.Errorf("%d bytes kept, %d of a line", len(o.ring), len(o.part))
	}
	if !strings.HasSuffix(o.tail(), strings.Repeat("x", 17)+" 49994999;") || len(o.tail()) > 500 {
		t.Errorf("tail %q", o.tail())
	}
	fmt.Fprint(w, "\nready\n")
	<-o.ready
}
