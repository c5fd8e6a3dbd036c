// Package config reads pool.yaml, the one configuration that the simulator
// and the live server share.
//
// It is strict: an unknown key, a wrong unit, an impossible value, a key given
// twice or a part that this version does not use is an error that names file,
// line and key and says what to write instead. All errors of a file are
// reported, not only the first. What may be written is listed in
// docs/configuration.md; Keys gives the same list.
//
//	timezone: Europe/Berlin
//	service:
//	  hit_rate: 0.99
//	fleet:
//	  default:
//	    lead_time: lognormal:median=45s,p99=120s
//	policy:
//	  name: static
//	  level: 3
package config
