package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseSpecs(t *testing.T) {
	got, err := ParseSpecs("none,static:level=20, keepalive:ttl=600s,static:level=1,level.b=4,schedule:timetable=Mon-Fri 08:00-18:00 10; Sat 10:00-14:00 2")
	if err != nil {
		t.Fatal(err)
	}
	want := []Spec{
		{Name: "none"},
		{Name: "static", Params: []Setting{{"level", "20"}}},
		{Name: "keepalive", Params: []Setting{{"ttl", "600s"}}},
		{Name: "static", Params: []Setting{{"level", "1"}, {"level.b", "4"}}},
		{Name: "schedule", Params: []Setting{{"timetable", "Mon-Fri 08:00-18:00 10; Sat 10:00-14:00 2"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, s := range got {
		again, err := ParseSpecs(s.String())
		if err != nil || !cmp.Equal(again, []Spec{s}) {
			t.Errorf("%v reads back as %v, %v", s, again, err)
		}
	}
}

func TestBadSpecsSayWhatToDo(t *testing.T) {
	fleet := Fleet{Config: Config{Categories: []Category{{Name: "a"}}}}
	for spec, want := range map[string]string{
		"level=3":                              "comes before any policy",
		"static:level":                         "not key=value",
		"static:level=1,level=2":               "twice",
		"static,,none":                         "empty name",
		"statics":                              "known are adaptive,",
		"static:lvl=3":                         "it takes level, level.CATEGORY",
		"static:level=-1":                      "whole number",
		"static:level.z=1":                     `no category "z"`,
		"keepalive:ttl=10":                     "such as 90s",
		"ewma:quantile=1":                      "share between 0 and 1",
		"headroom:min=3,max=2":                 "min=3 is above max=2",
		"schedule":                             "--measure-from",
		"schedule:timetable=Mon 8-9":           "three fields",
		"schedule:timetable=Mo 08:00-09:00 1":  "days are",
		"schedule:timetable=Mon 09:00-08:00 1": "the first before the second",
	} {
		specs, err := ParseSpecs(spec)
		if err == nil {
			_, err = Build(specs[0], fleet)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that contains %q", spec, err, want)
		}
	}
}

// Every family builds with its defaults (or says which span it lacks), and its
// knob is one of its parameters.
func TestFamilies(t *testing.T) {
	fleet := Fleet{
		Config:     Config{Categories: []Category{{Name: "a", LeadTime: time.Minute}}},
		Training:   [][]Time{{0}},
		TrainingTo: 30 * 24 * hour,
	}
	for i, f := range Families() {
		if i > 0 && Families()[i-1].Name >= f.Name {
			t.Errorf("%s is not in order", f.Name)
		}
		if _, err := Build(Spec{Name: f.Name}, fleet); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		known := f.Knob == ""
		for _, p := range f.Params {
			known = known || p.Name == f.Knob
			if p.Help == "" {
				t.Errorf("%s.%s has no help", f.Name, p.Name)
			}
		}
		if !known || f.Summary == "" {
			t.Errorf("%s: knob %q or summary %q", f.Name, f.Knob, f.Summary)
		}
	}
}
