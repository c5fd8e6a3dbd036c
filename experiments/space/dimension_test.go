package space_test

import (
	"strings"
	"testing"

	"shadowpool/experiments/space"
	"shadowpool/policy"
)

func TestGrid(t *testing.T) {
	for _, c := range []struct {
		text string
		kind policy.Kind
		want string
	}{
		{"0.8..0.9/3", policy.Share, "0.8 0.85 0.9"},
		{"log:0.9..0.999/3", policy.Share, "0.9 0.9896 0.999"},              // sqrt(9 x 999) = 94.8 to 1, and 1/95.8 to three digits
		{"log:1h..7d/4", policy.Span, "1h0m0s 5h31m40s 30h33m20s 168h0m0s"}, // 168^(1/3) h = 19,866 s, to three digits
		{"log:1..100/3", policy.Count, "1 10 100"},
		{"0..2", policy.Count, "0 1 2"}, // ten points, of which three differ
		{"1..4/2", policy.Number, "1 4"},
		{"late|early", policy.Text, "late early"},
		{"1d|90s", policy.Span, "24h 90s"},
		{"17", policy.Count, "17"},
	} {
		d, err := space.Parse("x", c.text, c.kind)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(d.Grid(), " "); got != c.want {
			t.Errorf("%s: %v, want %s", c.text, got, c.want)
		}
	}
}

func TestPositionIsInverse(t *testing.T) {
	for _, c := range []struct {
		text string
		kind policy.Kind
	}{
		{"log:0.5..0.9999", policy.Share}, {"0.1..0.4", policy.Share}, {"log:1s..30d", policy.Span},
		{"0..50", policy.Count}, {"log:1..1000", policy.Count}, {"log:0.1..1000", policy.Number}, {"a|b|c", policy.Text},
	} {
		d, err := space.Parse("x", c.text, c.kind)
		if err != nil {
			t.Fatal(err)
		}
		family := policy.Family{Name: "p", Params: []policy.Param{{Name: "x", Kind: c.kind}}}
		for i := range 101 {
			text := d.At(float64(i) / 100)
			if _, err := family.Parse(policy.Spec{Name: "p", Params: []policy.Setting{{Key: "x", Value: text}}}, nil); err != nil {
				t.Fatalf("%s at %d %%: %v", c.text, i, err)
			}
			u, err := d.Position(text)
			if err != nil {
				t.Fatal(err)
			}
			if again := d.At(u); again != text {
				t.Errorf("%s: %s is at %v, where %s is", c.text, text, u, again)
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"2..1": "does not rise", "log:0..1": "above 0", "1..2/1": "points", "1..x": "whole number",
		"1||2": "empty", "1|1": "twice", "1.5": "whole number",
	} {
		if _, err := space.Parse("level", text, policy.Count); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "level=") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := space.Parse("hit_rate", "0.9..1", policy.Share); err == nil {
		t.Error("a share of 1 is read")
	}
	if _, err := space.Parse("form", "a..b", policy.Text); err == nil {
		t.Error("a range of texts is read")
	}
	if _, err := space.Parse("ttl", "1..2", policy.Span); err == nil {
		t.Error("a span without a unit is read")
	}
}
