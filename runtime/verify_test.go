package runtime_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"shadowpool/runtime"
)

// byHand is a short event log.
const byHand = `{"shadowpool_log":1,"version":"v","policy":"static:level=1","timezone":"UTC","tick_ns":1000000,"binding":"late","isolation":"none","categories":[{"name":"a","lead_time_ns":500,"reusable":true}]}
{"t":100,"event":"start","actions":[{"t":100,"action":"launch","instance":"0-1","pool":0,"reason":"level"}]}
{"t":600,"event":"warm","instance":"0-1"}
{"t":700,"event":"arrive","request":0,"pool":0,"actions":[{"t":700,"action":"assign","instance":"0-1","pool":0,"reason":"warm","request":0,"outcome":"hit"},{"t":700,"action":"launch","instance":"1-1","pool":0,"reason":"level"}]}
{"t":900,"event":"release","instance":"0-1"}
{"t":950,"event":"warm","instance":"1-1"}
{"t":1000000,"event":"timer","class":"tick","actions":[{"t":1000000,"action":"end","instance":"1-1","pool":0,"reason":"surplus"}]}
{"t":1000001,"event":"lose","instance":"0-1","actions":[{"t":1000001,"action":"launch","instance":"0-2","pool":0,"reason":"level"}]}
{"t":1000002,"event":"drain"}
{"t":1000003,"event":"fail","instance":"0-2","error":"cancelled"}
`

// layered is a log of a fleet with a layer: an instance is demoted and serves
// from there.
const layered = `{"shadowpool_log":1,"version":"v","policy":"layered:price=1","timezone":"UTC","tick_ns":1000000,"binding":"late","isolation":"none","categories":[{"name":"a","lead_time_ns":100,"reusable":true,"below":1,"compatible":[{"pool":1,"adapt_ns":40}]},{"name":"bare","lead_time_ns":60,"reusable":true,"memory":0.5}]}
{"t":0,"event":"start"}
{"t":100,"event":"arrive","request":0,"pool":0,"actions":[{"t":100,"action":"launch","instance":"0-1","pool":0,"reason":"level"}]}
{"t":200,"event":"warm","instance":"0-1","actions":[{"t":200,"action":"assign","instance":"0-1","pool":0,"reason":"became_warm","request":0,"outcome":"miss"}]}
{"t":300,"event":"release","instance":"0-1"}
{"t":380,"event":"timer","class":"expiry","actions":[{"t":380,"action":"move","instance":"0-1","pool":1,"reason":"demoted"}]}
{"t":400,"event":"arrive","request":1,"pool":0,"actions":[{"t":400,"action":"move","instance":"0-1","pool":0,"reason":"compatible"},{"t":400,"action":"assign","instance":"0-1","pool":0,"reason":"compatible","request":1,"outcome":"partial_hit","delay_ns":40}]}
`

func TestVerifyLayers(t *testing.T) {
	v, err := runtime.Verify(strings.NewReader(layered))
	if err != nil || v.Events != 6 || v.Actions != 5 {
		t.Errorf("%+v, %v", v, err)
	}
	_, err = runtime.Verify(strings.NewReader(strings.Replace(layered, `"below":1,`, ``, 1)))
	var d *runtime.Difference
	if !errors.As(err, &d) || d.Line != 6 {
		t.Errorf("without the layer: %v", err)
	}
}

func TestVerify(t *testing.T) {
	v, err := runtime.Verify(strings.NewReader(byHand))
	if err != nil || v.Events != 9 || v.Actions != 5 || v.Cut || v.Header.Policy != "static:level=1" {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestVerifyCut: the last line of a log may be cut off anywhere.
func TestVerifyCut(t *testing.T) {
	whole := byHand
	last := strings.LastIndexByte(strings.TrimSuffix(whole, "\n"), '\n') + 1
	for cut := last; cut < len(whole); cut++ {
		v, err := runtime.Verify(strings.NewReader(whole[:cut]))
		if err != nil || v.Events != 8 || v.Cut != (cut > last) {
			t.Fatalf("cut at %d: %+v, %v", cut, v, err)
		}
	}
}

func TestVerifyDifferences(t *testing.T) {
	for _, tt := range []struct {
		old, new string
		line     int
		says     string
	}{
		{`"instance":"1-1","pool":0,"reason":"surplus"`, `"instance":"0-1","pool":0,"reason":"surplus"`, 7, "action 1 on timer differs"},
		{`,{"t":700,"action":"launch","instance":"1-1","pool":0,"reason":"level"}`, ``, 4, "the log has:    nothing"},
		{`"outcome":"hit"`, `"outcome":"miss"`, 4, `"outcome":"hit"`},
		{`"tick_ns":1000000`, `"tick_ns":1000001`, 7, "next timer"},
		{`"policy":"static:level=1"`, `"policy":"static:level=2"`, 2, "decided afresh"},
		{`{"t":900,"event":"release"`, `{"t":900,"event":"warm"`, 5, "not launching"},
		{`{"t":900,`, `{"t":600,`, 5, "after one at 700"},
		{`{"t":950,`, `{"t":1000500,`, 6, "a tick is due before it"},
		{`"event":"drain"`, `"event":"flood"`, 9, "no event"},
		{`"event":"drain"`, `"event":"start"`, 9, "starts once"},
		{`"request":0,"pool":0,"actions"`, `"request":0,"pool":7,"actions"`, 4, "categories"},
		{`"event":"fail","instance":"0-2"`, `"event":"fail","instance":"0"`, 10, "slot-generation"},
		{`"event":"fail","instance":"0-2"`, `"event":"lose","instance":"9-2"`, 10, "does not exist"},
	} {
		changed := strings.Replace(byHand, tt.old, tt.new, 1)
		if changed == byHand {
			t.Fatalf("%s is not in the log", tt.old)
		}
		_, err := runtime.Verify(strings.NewReader(changed))
		var d *runtime.Difference
		if !errors.As(err, &d) || d.Line != tt.line || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s -> %s: %v; want line %d and %q", tt.old, tt.new, err, tt.line, tt.says)
		}
	}
}

func TestVerifyUnreadable(t *testing.T) {
	for text, says := range map[string]string{
		"":      "empty",
		"abc":   "empty",
		"abc\n": "not the header",
		"{}\n":  "not the header",
		strings.Replace(byHand, `"shadowpool_log":1`, `"shadowpool_log":9`, 1):      "version 9",
		strings.Replace(byHand, `static:level=1`, `magic`, 1):                       `no policy "magic"`,
		strings.Replace(byHand, `static:level=1`, `none,none`, 1):                   "not one policy",
		strings.Replace(byHand, `"UTC"`, `"Mars/North"`, 1):                         "Mars/North",
		strings.Replace(byHand, `"late"`, `"never"`, 1):                             `"never"`,
		strings.Replace(byHand, `"event":"drain"`, `"events":"drain"`, 1):           "line 9",
		strings.Replace(byHand, `"reason":"surplus"`, `"reason":"boredom"`, 1):      "boredom",
		strings.Replace(byHand, `"categories":[`, `"categories":[{"name":"a"},`, 1): "twice",
	} {
		_, err := runtime.Verify(strings.NewReader(text))
		var d *runtime.Difference
		if err == nil || errors.As(err, &d) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v, want %q", text, err, says)
		}
	}
}

// FuzzVerify: no log makes Verify panic or hang, and what it accepts it
// accepts again.
func FuzzVerify(f *testing.F) {
	f.Add([]byte(byHand))
	f.Add([]byte(strings.ReplaceAll(byHand, "static:level=1", "keepalive:ttl=1s")))
	f.Add([]byte(layered))
	f.Add([]byte(strings.ReplaceAll(byHand, `"late"`, `"early"`)))
	f.Add([]byte(strings.ReplaceAll(byHand, `{"t":100,`, `{"t":4611686018427387904,`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := runtime.Verify(bytes.NewReader(b))
		again, err2 := runtime.Verify(bytes.NewReader(b))
		if (err == nil) != (err2 == nil) || v.Events != again.Events || v.Actions != again.Actions {
			t.Errorf("%+v %v, then %+v %v", v, err, again, err2)
		}
	})
}

// TestVerifyIsBounded: a header cannot make it decide without end.
func TestVerifyIsBounded(t *testing.T) {
	_, err := runtime.Verify(strings.NewReader(strings.Replace(byHand, "level=1", "level=1000000", 1)))
	var d *runtime.Difference
	if !errors.As(err, &d) || d.Line != 2 || d.Expected != "" {
		t.Errorf("%v", err)
	}
}
