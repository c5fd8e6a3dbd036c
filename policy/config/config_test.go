package config

import "testing"
import "os"

func TestX(t *testing.T) {
	d, err := os.ReadFile("/tmp/bad.yaml")
	_, err = Parse("pool.yaml", d)
	t.Log("\n" + err.Error())
	for _, k := range Keys() {
		t.Log(k)
	}
	f, err := Parse("p", []byte("fleet: {default: {lead_time: 45s}}\npolicy: {name: static}\n"))
	t.Logf("%+v %v", f, err)
}
