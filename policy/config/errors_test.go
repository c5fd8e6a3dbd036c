package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tail completes a file whose first lines are under test.
const tail = "\nfleet: {default: {lead_time: 45s}}\npolicy: {name: none}\n"

func TestBadFiles(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// the YAML itself
		{"", "pool.yaml:1: is empty; docs/configuration.md has examples"},
		{"# nothing\n", "pool.yaml:1: is empty; docs/configuration.md has examples"},
		{"a: 1\n---\nb: 2\n", "pool.yaml:1: has several documents (---); keep one"},
		{"fleet:\n\tdefault: {}\n", "pool.yaml:2: is not YAML: while scanning for the next token: found character that cannot start any token; indent with spaces, not tabs"},
		{"fleet: [1, 2\npolicy: 3", "pool.yaml:2: is not YAML: while parsing a flow sequence: did not find expected ',' or ']' (it begins on line 1)"},
		{"fleet: {}\npolicy: \xff", "pool.yaml:2: is not UTF-8 text"},
		{"fleet: {}\n\npolicy: \x00", "pool.yaml:3: has a control character (U+0000)"},
		{strings.Repeat("#", MaxSize+1), "pool.yaml:1: is larger than 1048576 bytes; this is no configuration"},
		{"3", "pool.yaml:1: want a mapping (key: value), not \"3\""},
		{"- a\n", "pool.yaml:1: want a mapping (key: value), not a list"},
		{"timezone: &zone UTC" + tail, "pool.yaml:1: anchor &zone: anchors are not read; write the value out, or put what categories share under fleet.default"},
		{"timezone: !!str UTC" + tail, "pool.yaml:1: tag !!str: tags are not read; remove it"},
		{"<<: {timezone: UTC}" + tail, "pool.yaml:1: merge keys (<<) are not read; put what categories share under fleet.default"},
		{"? [a]\n: 1" + tail, "pool.yaml:1: a key is plain text, not a list or a mapping"},

		// keys
		{"timezome: UTC" + tail, "pool.yaml:1: unknown key \"timezome\" (did you mean timezone?); known here: timezone, service, fleet, policy, provisioner, api, store, proxy, recording, tournament"},
		{"timezone: UTC\ntimezone: UTC" + tail, "pool.yaml:2: timezone: is given twice, first on line 1; remove one"},
		{"timezone:" + tail, "pool.yaml:1: timezone: is empty: want a value, or remove the key"},
		{"api:" + tail, "pool.yaml:1: api: is empty: want a mapping (key: value), or remove the key"},
		{"timezone: UTC", "pool.yaml:1: fleet is missing: what requests are served with; fleet: {default: {lead_time: 45s}} is enough\n" +
			"pool.yaml:1: policy is missing: what decides how many instances are warm; policy: {name: static, level: 1} is enough"},
		{"provisioner: {process: {environment: {A: [1], A: 2}}}" + tail, "pool.yaml:1: provisioner.process.environment.A: is given twice, first on line 1; remove one\n" +
			"pool.yaml:1: provisioner.process.environment.A: want a value, not a list"},
		{"provisioner: {process: {warm_up: [" + strings.Repeat("x", maxText+1) + "]}}" + tail, "pool.yaml:1: provisioner.process.warm_up[0]: \"" + strings.Repeat("x", 60) + "\"...: is longer than 4096 bytes"},
		{"timezone: Local" + tail, "pool.yaml:1: timezone: \"Local\": want an IANA time zone, such as Europe/Berlin or UTC"},

		// tournament and recording
		{"tournament: {block: 1h}" + tail, "pool.yaml:1: tournament: contenders is missing: the policies that run beside the live one, such as [none, \"static:level=5\"]"},
		{"tournament: {contenders: [stattic, \"static:level=x\", \"static:level=1,none\"], block: 7h, least: 1, margin: {}}" + tail,
			"pool.yaml:1: tournament.contenders[0]: \"stattic\": no such policy (did you mean static?)\n" +
				"pool.yaml:1: tournament.contenders[2]: \"static:level=1,none\": names 2 policies; write each as an item of the list\n" +
				"pool.yaml:1: tournament.margin: has 0 margins; keep one of hit_rate and wait_mean\n" +
				"pool.yaml:1: tournament: one observation says nothing; let least be 2 or more\n" +
				"pool.yaml:1: tournament: an observation of 24h is no whole number of blocks of 7h"},
		{"tournament: {contenders: [\"static:level=x\", \"static:level=1\", \"static:level=1\", none]}" + tail,
			"pool.yaml:1: tournament.contenders[0]: \"static:level=x\" cannot run live: policy static: level=x: want a whole number from 0 to 1000000\n" +
				"pool.yaml:1: tournament.contenders[2]: \"static:level=1\" takes part already\n" +
				"pool.yaml:1: tournament.contenders[3]: \"none\" takes part already"},
		{"recording: {rotate: 1s, keep_size: 10, keep: 1m}" + tail,
			"pool.yaml:1: recording: requests is missing: the folder that they are written into\n" +
				"pool.yaml:1: recording.rotate: \"1s\": want a span from 1m to 24h\n" +
				"pool.yaml:1: recording.keep: \"1m\": want a span from 1h to 87840h\n" +
				"pool.yaml:1: recording.keep_size: \"10\": want a size with a unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), such as 20GiB"},

		// service
		{"service: {}" + tail, "pool.yaml:1: service: has no target; give hit_rate, such as hit_rate: 0.99, or remove the section"},
		{"service: {hit_rate: 99%}" + tail, "pool.yaml:1: service.hit_rate: \"99%\": want a share between 0 and 1, such as 0.99; write 0.99"},
		{"service: {hit_rate: 1}" + tail, "pool.yaml:1: service.hit_rate: \"1\": want a share between 0 and 1, such as 0.99"},
		{"service: {hit_rate: .nan}" + tail, "pool.yaml:1: service.hit_rate: \".nan\": want a share between 0 and 1, such as 0.99"},
		{"service: {wait_p99: 0s}" + tail, "pool.yaml:1: service.wait_p99: \"0s\": want a span from 1ms to 744h"},
		{"service:\n  hit_rate: 0.9\n  wait_price: 1\n  budget: 3" + tail,
			"pool.yaml:2: service: has 2 targets (hit_rate, wait_price); keep one"},
		{"service: {budget: 0}" + tail, "pool.yaml:1: service.budget: \"0\": want $/h: a number from 0.000001 to 1000000000, without quotes or unit"},

		// times of stages by key
		{"fleet: {default: {stages: [{name: a, lead_time: 1s, of: [image, dataset], by: {x: 2s}}]}}\npolicy: {name: none}",
			"pool.yaml:1: fleet.default.stages[0].by: the stage goes by image and dataset: times by key are for a stage that goes by one facet, such as of: [dataset]"},
		{"fleet: {default: {stages: [{name: a, lead_time: 1s, expected: 2s, by: {x: soon, y: \"empirical:z\"}}]}}\npolicy: {name: none}",
			"pool.yaml:1: fleet.default.stages[0].by.x: \"soon\": want a span with a unit (ns, us, ms, s, m, h), such as 90s or 1h30m\n" +
				"pool.yaml:1: fleet.default.stages[0].by.y: want a span such as 90s, or lognormal:median=45s,p99=120s\n" +
				"pool.yaml:1: fleet.default.stages[0].by: the stage goes by no facet: times by key are for a stage that goes by one facet, such as of: [dataset]\n" +
				"pool.yaml:1: fleet.default.stages[0].expected: serves every request: it is part of the lead time, which is given as it is"},

		// lifecycles
		{"fleet:\n  default:\n    lead_time: 45s\n    lifecycle: {max_age: 1m}\npolicy: {name: none}",
			"pool.yaml:4: fleet.default.lifecycle: a maximum age of 1m0s leaves instances 54s to be handed out (a tenth is jitter); give more than the lead time and a tick, 1m0s, in which the successor becomes warm"},
		{"fleet:\n  default: {lead_time: 45s, lifecycle: {max_age: 10m}}\n  categories:\n  - {name: a, lead_time: 20m}\npolicy: {name: none}",
			"pool.yaml:2: fleet: category \"a\": lifecycle: a maximum age of 10m0s leaves instances 9m0s to be handed out (a tenth is jitter); give more than the lead time and a tick, 20m15s, in which the successor becomes warm"},
		{"fleet: {default: {lead_time: 45s, lifecycle: {min_remaining: 1m, stale: never, surge: 0, generation: ''}}}\npolicy: {name: none}",
			"pool.yaml:1: fleet.default.lifecycle.generation: \"\": want a name without spaces around it\n" +
				"pool.yaml:1: fleet.default.lifecycle.stale: \"never\": want serve or forbid\n" +
				"pool.yaml:1: fleet.default.lifecycle.surge: \"0\": want a whole number from 1 to 1000000"},
		{"fleet: {default: {lead_time: 45s, lifecycle: {min_remaining: 1m}}}\npolicy: {name: none}",
			"pool.yaml:1: fleet.default.lifecycle: a minimum remaining life of 1m0s needs a maximum age"},

		// the store
		{"store: {}" + tail, "pool.yaml:1: store: has neither sqlite nor postgres; give one, such as sqlite: pool.db, or remove the section"},
		{"store: {sqlite: a, postgres: {url: 'postgres:///b'}}" + tail, "pool.yaml:1: store: has both sqlite and postgres; keep one"},
		{"store: {sqlite: a, lease: 5s}" + tail, "pool.yaml:1: store.lease: is for postgres: a file of SQLite has one server, whose lock ends with it"},
		{"store: {sqlite: ''}" + tail, "pool.yaml:1: store.sqlite: \"\": want a name without spaces around it"},
		{"store: {postgres: {pool: a}, lease: 1ms}" + tail, "pool.yaml:1: store.postgres: url is missing: where the database is, such as url: postgres://pool@db.internal/shadowpool\n" +
			"pool.yaml:1: store.lease: \"1ms\": want a span from 1s to 10m"},
		{"store: {postgres: {url: 'host=db password=secret'}}" + tail, "pool.yaml:1: store.postgres.url: want a URL such as postgres://pool@db.internal:5432/shadowpool?sslmode=verify-full"},
		{"store: {postgres: {url: 'mysql://pool:secret@db'}}" + tail, "pool.yaml:1: store.postgres.url: want a URL such as postgres://pool@db.internal:5432/shadowpool?sslmode=verify-full"},
		{"store: {postgres: {url: 'postgres://pool:secret@db:port/a'}}" + tail, "pool.yaml:1: store.postgres.url: want a URL such as postgres://pool@db.internal:5432/shadowpool?sslmode=verify-full"},
		{"store: {postgres: {url: 'postgres://db?password=secret;'}}" + tail, "pool.yaml:1: store.postgres.url: has parameters that cannot be read; write them as ?NAME=VALUE&NAME=VALUE"},
		{"store: {postgres: {url: 'postgres://pool:secret@db/a'}}" + tail, "pool.yaml:1: store.postgres.url: has a password; put it into a file of its own and name that as password_file, or into the server's environment as PGPASSWORD"},
		{"store: {postgres: {url: 'postgres://db/a?user=pool&password=secret'}}" + tail, "pool.yaml:1: store.postgres.url: has a password; put it into a file of its own and name that as password_file, or into the server's environment as PGPASSWORD"},

		// the live sections
		{"api: {listen: 8080}" + tail, "pool.yaml:1: api.listen: \"8080\": want HOST:PORT, such as localhost:8080"},
		{"api: {tls: {cert_file: a.pem}}" + tail, "pool.yaml:1: api.tls: key_file is missing: the file of the certificate's key, in PEM"},
		{"api: {client_ca: a.pem}" + tail, "pool.yaml:1: api.client_ca: clients show certificates over TLS only; give tls too"},
		{"api: {client_tenant: organization}" + tail, "pool.yaml:1: api.client_tenant: nobody has a certificate without client_ca; give it too, or leave this out"},
		{"api: {tls: {cert_file: a, key_file: b}, client_ca: c, client_tenant: serial}" + tail, "pool.yaml:1: api.client_tenant: \"serial\": want common_name or organization or organizational_unit"},
		{"api: {limits: {burst: 3}}" + tail, "pool.yaml:1: api.limits.burst: bounds nothing without a rate; give it too, or leave this out"},
		{"api: {limits: {rate: 0}}" + tail, "pool.yaml:1: api.limits.rate: \"0\": want claims a second: a number from 0.001 to 1000000, without quotes or unit"},
		{"api: {claim_deadline: 1h}" + tail, "pool.yaml:1: api: claim_deadline 1h is longer than max_deadline 10m"},
		{"provisioner: {process: {command: sleep 10}}" + tail, "pool.yaml:1: provisioner.process.command: want a list of program and arguments; write [sleep, 10]"},
		{"provisioner: {process: {command: []}}" + tail, "pool.yaml:1: provisioner.process.command: names no program; write [PROGRAM, ARGUMENT, ...] or remove the key"},
		{"provisioner: {process: {environment: {A=B: 1}}}" + tail, "pool.yaml:1: provisioner.process.environment: \"A=B\" is not a name"},
		{"provisioner: {process: {command: [a]}}" + tail, "pool.yaml:1: provisioner.process: ready is missing: how the command shows that it is ready, such as ready: {line: listening}"},
		{"provisioner: {process: {ready: {tcp: true}}}" + tail, "pool.yaml:1: provisioner.process.ready: is given without a command; the built-in worker says itself when it is ready"},
		{"provisioner: {process: {command: [a], ready: {line: up, tcp: true}}}" + tail, "pool.yaml:1: provisioner.process.ready: has 2 ways of being ready; keep one of line, http, tcp and agent"},
		{"provisioner: {process: {command: [a], ready: {}}}" + tail, "pool.yaml:1: provisioner.process.ready: has 0 ways of being ready; keep one of line, http, tcp and agent"},
		{"provisioner: {process: {command: [a], ready: {tcp: false}}}" + tail, "pool.yaml:1: provisioner.process.ready.tcp: \"false\": want true"},
		{"provisioner: {process: {command: [a], ready: {line: '('}}}" + tail, "pool.yaml:1: provisioner.process.ready.line: \"(\": error parsing regexp: missing closing ): `(`"},
		{"provisioner: {process: {command: [a], ready: {http: 'http://x/'}}}" + tail, "pool.yaml:1: provisioner.process.ready.http: \"http://x/\": want a path on the process's own port, such as /healthz"},
		{"provisioner: {categories: [{name: a}, {name: a}]}" + tail, "pool.yaml:1: provisioner.categories[1].name: \"a\" is given twice"},
	} {
		check(t, c.text, c.want)
	}
}

func TestBadFleets(t *testing.T) {
	for _, c := range []struct{ fleet, want string }{
		{"{}", "pool.yaml:1: fleet: has no category: list them under categories, or give default, which admits every one"},
		{"{default: {}}", "pool.yaml:1: fleet.default: lead_time is missing: how long an instance takes from order to warm, such as 45s"},
		{"{default: {lead_time: 45}}", "pool.yaml:1: fleet.default.lead_time: \"45\": want a span with a unit (ns, us, ms, s, m, h), such as 90s or 1h30m; write 45s"},
		{"{default: {lead_time: 45 s}}", "pool.yaml:1: fleet.default.lead_time: \"45 s\": want a span with a unit (ns, us, ms, s, m, h), such as 90s or 1h30m; write 45s"},
		{"{default: {lead_time: 1.5d}}", "pool.yaml:1: fleet.default.lead_time: \"1.5d\": want a span with a unit (ns, us, ms, s, m, h), such as 90s or 1h30m; write 36h"},
		{"{default: {lead_time: -1s}}", "pool.yaml:1: fleet.default.lead_time: \"-1s\": want a span from 0s to 744h"},
		{"{default: {lead_time: 'normal:mean=3s'}}", "pool.yaml:1: fleet.default.lead_time: \"normal:mean=3s\": want a span such as 120s, lognormal:median=45s,p99=120s, or empirical:FILE"},
		{"{default: {lead_time: 'lognormal:median=3,p99=4s'}}", "pool.yaml:1: fleet.default.lead_time: \"lognormal:median=3,p99=4s\": median: want a span with a unit (ns, us, ms, s, m, h), such as 90s or 1h30m; write 3s"},
		{"{default: {lead_time: 'lognormal:median=3s,p99=2s'}}", "pool.yaml:1: fleet.default.lead_time: \"lognormal:median=3s,p99=2s\": want lognormal:median=SPAN,p99=SPAN with a p99 not below the median"},
		{"{default: {lead_time: 'lognormal:median=3s,median=4s'}}", "pool.yaml:1: fleet.default.lead_time: \"lognormal:median=3s,median=4s\": want lognormal:median=SPAN,p99=SPAN, not median twice"},
		{"{default: {lead_time: 'lognormal:median=3s,p99=4s,common=1.5'}}", "pool.yaml:1: fleet.default.lead_time: \"lognormal:median=3s,p99=4s,common=1.5\": common: want a share from 0 to 1, such as 0.5, not \"1.5\""},
		{"{default: {lead_time: 'lognormal:median=3s,p99=4s,fail=0.9'}}", "pool.yaml:1: fleet.default.lead_time: \"lognormal:median=3s,p99=4s,fail=0.9\": fail: want at most 0.5: most launches have to succeed"},
		{"{default: {lead_time: 'lognormal:median=3s,p99=4s,mode=2s'}}", "pool.yaml:1: fleet.default.lead_time: \"lognormal:median=3s,p99=4s,mode=2s\": want lognormal:median=SPAN,p99=SPAN and perhaps common=SHARE and fail=SHARE, not \"mode=2s\""},
		{"{default: {lead_time: 1s, stages: [{name: a, lead_time: 1s}]}}", "pool.yaml:1: fleet.default.stages: lead_time is given too; keep one of them"},
		{"{default: {stages: []}}", "pool.yaml:1: fleet.default.stages: has no stage; give lead_time instead"},
		{"{pooled: true, default: {lead_time: 1s}}", "pool.yaml:1: fleet.pooled: one pool for all requests has one category, listed under categories, and no default"},
		{"{default: {stages: [{name: a, lead_time: 1s, of: []}]}}", "pool.yaml:1: fleet.default.stages[0].of: names no facet: want image, task_type, dataset or tenant"},
		{"{default: {stages: [{name: a, lead_time: 1s, of: [dataset, size]}]}}", "pool.yaml:1: fleet.default.stages[0].of: \"size\" is no facet of a request: want image, task_type, dataset or tenant"},
		{"{default: {stages: [{name: a, lead_time: 1s, of: [image, image]}]}}", "pool.yaml:1: fleet.default.stages[0].of: image is named twice"},
		{"{default: {stages: [{name: a, lead_time: 1s, cached: 1}]}}", "pool.yaml:1: fleet.default.stages[0].cached: \"1\": want a share between 0 and 1, such as 0.99"},
		{"{default: {stages: [{name: a, lead_time: 1s}, {name: a, lead_time: 1s}]}}", "pool.yaml:1: fleet.default.stages[1]: stage \"a\" is given twice"},
		{"{default: {stages: [{name: a, lead_time: 700h}, {name: b, lead_time: 700h}]}}", "pool.yaml:1: fleet.default.stages: add up to more than 744h"},
		{"{default: {lead_time: 1s, name: a}}", "pool.yaml:1: fleet.default: unknown key \"name\"; known here: lead_time, stages, prices, billing, reuse, promotion_delay, scrub, layers, limits, lifecycle, spot, stopped, tenants, zones, cross_zone"},
		{"{default: {lead_time: 1s, prices: {on_demand: '1'}}}", "pool.yaml:1: fleet.default.prices.on_demand: \"1\": want $/h: a number from 0 to 1000000, without quotes or unit"},
		{"{default: {lead_time: 1s, prices: {on_demand: .inf}}}", "pool.yaml:1: fleet.default.prices.on_demand: \".inf\": want $/h: a number from 0 to 1000000, without quotes or unit"},
		{"{default: {lead_time: 1s, prices: {spot: 0.3}}}", "pool.yaml:1: fleet.default: spot is missing, and prices.spot is given; add spot: {interruptions_per_hour: 0.05}"},
		{"{default: {lead_time: 1s, prices: {stopped: 0.3}}}", "pool.yaml:1: fleet.default: stopped is missing, and prices.stopped is given; add stopped: {resume: 20s}"},
		{"{default: {lead_time: 1s, prices: {stopped: 3}, stopped: {resume: 1s}}}", "pool.yaml:1: fleet.default: prices.stopped is above prices.on_demand; a stopped instance is worth nothing then"},
		{"{default: {lead_time: 1s, spot: {interruptions_per_hour: 1}}}", "pool.yaml:1: fleet.default.spot: is given without its price; add prices.spot"},
		{"{default: {lead_time: 1s, prices: {spot: 0.3}, spot: {}}}", "pool.yaml:1: fleet.default.spot: interruptions_per_hour is missing: how often an instance is taken back, such as 0.05"},
		{"{default: {lead_time: 1s, prices: {spot: 0.3}, spot: {interruptions_per_hour: [1, 2]}}}", "pool.yaml:1: fleet.default.spot.interruptions_per_hour: has 2 numbers; give one for each of the 24 hours of the day, or a single one"},
		{"{default: {lead_time: 1s, prices: {spot: 0.3}, spot: {interruptions_per_hour: 1, refused: 1.5}}}", "pool.yaml:1: fleet.default.spot.refused: \"1.5\": want a share, or a list of 24: a number from 0 to 1, without quotes or unit"},
		{"{default: {lead_time: 1s, prices: {spot: 0.3}, spot: {interruptions_per_hour: 1}, layers: [{name: a, adapt: 500ms, memory: 0.5}]}}", "pool.yaml:1: fleet: policy: category \"default\" has layers; spot, stopped instances and a budget do not go with layers yet"},
		{"{default: {lead_time: 1s}, provider: {burst: 3}}", "pool.yaml:1: fleet.provider: launches_per_second and burst belong together: a bucket of burst launches that fills at that rate"},
		{"{default: {lead_time: 1s}, provider: {stragglers: {share: 0.1, slowdown: 0}}}", "pool.yaml:1: fleet.provider.stragglers.slowdown: \"0\": want a factor: a number from 1 to 1000, without quotes or unit"},
		{"{default: {lead_time: 1s, reuse: always}}", "pool.yaml:1: fleet.default.reuse: \"always\": want single-use or reusable"},
		{"{default: {lead_time: 1s, limits: {max_instances: 0}}}", "pool.yaml:1: fleet.default.limits.max_instances: \"0\": want a whole number from 1 to 1000000"},
		{"{default: {lead_time: 1s, limits: {max_instances: 010}}}", "pool.yaml:1: fleet.default.limits.max_instances: \"010\": want a whole number from 1 to 1000000"},
		{"{default: {lead_time: 1s}, isolation: tennant}", "pool.yaml:1: fleet.isolation: \"tennant\": want tenant or none (did you mean tenant?)"},
		{"{default: {lead_time: 1s}, tick: 10us}", "pool.yaml:1: fleet.tick: \"10us\": want a span from 1ms to 24h"},
		{"{categories: [{lead_time: 1s}]}", "pool.yaml:1: fleet.categories[0]: name is missing: requests ask for a category by its name"},
		{"{categories: [{name: ' a', lead_time: 1s}]}", "pool.yaml:1: fleet.categories[0].name: \" a\": want a name without spaces around it"},
		{"{categories: [{name: '', lead_time: 1s}]}", "pool.yaml:1: fleet.categories[0].name: \"\": want a name without spaces around it"},
		{"{categories: [{name: \"a\\nb\", lead_time: 1s}]}", "pool.yaml:1: fleet.categories[0].name: \"a\\nb\": want a name of one line"},
		{"{categories: [{name: a}]}", "pool.yaml:1: fleet.categories[0]: lead_time is missing: how long an instance takes from order to warm, such as 45s"},
		{"{categories: {a: 1}}", "pool.yaml:1: fleet.categories: want a list, not a mapping\n" +
			"pool.yaml:1: fleet: has no category: list them under categories, or give default, which admits every one"},
		{"{categories: [{name: a, lead_time: 1s}, {name: a, lead_time: 1s}]}", "pool.yaml:1: fleet.categories[1].name: category \"a\" is listed twice, first on line 1"},
		{"{default: {lead_time: 9s, layers: [{name: bare, adapt: 5s}]}}", "pool.yaml:1: fleet.default.layers[0]: memory is missing: the share of a whole instance's memory that it takes, such as 0.2"},
		{"{default: {lead_time: 9s, layers: [{name: bare, adapt: 5s, memory: 1.5}]}}", "pool.yaml:1: fleet.default.layers[0].memory: \"1.5\": want a share between 0 and 1, such as 0.99; write 0.015"},
		{"{default: {lead_time: 9s, layers: [{name: bare, adapt: 5s, memory: 0.2}]}, categories: [{name: a, layers: [{name: bare, adapt: 4s, memory: 0.3}]}]}", "pool.yaml:1: fleet: category \"default\": layer \"bare\" has another memory or another layer below it than where it was named first; layers that are shared are alike"},
		{"{categories: [{name: a, lead_time: 9s, layers: [{name: a, adapt: 4s, memory: 0.3}]}]}", "pool.yaml:1: fleet: layer \"a\" has the name of a category"},
		{"{categories: [{name: a, lead_time: 1s, compatible: [{category: a}]}]}", "pool.yaml:1: fleet.categories[0].compatible[0].category: \"a\" is the category itself"},
		{"{categories: [{name: a, lead_time: 1s, compatible: [{category: bg}]}, {name: big, lead_time: 1s}]}", "pool.yaml:1: fleet.categories[0].compatible[0].category: \"bg\" is not listed under fleet.categories (did you mean big?)"},
		{"{categories: [{name: a, lead_time: 1s, compatible: [{category: b}, {category: b}]}, {name: b, lead_time: 1s}]}", "pool.yaml:1: fleet.categories[0].compatible[1].category: \"b\" is given twice"},
	} {
		check(t, "fleet: "+c.fleet+"\npolicy: {name: none}\n", c.want)
	}
}

func TestBadPolicies(t *testing.T) {
	const takes = "; known are adaptive"
	for _, c := range []struct{ section, want string }{
		{"{}", "pool.yaml:2: policy: name is missing: one of "},
		{"static", "pool.yaml:2: policy: want a mapping (key: value), not \"static\""},
		{"{name: statik}", "pool.yaml:2: policy.name: there is no policy \"statik\"" + takes},
		{"{name: oracle}", "pool.yaml:2: policy.name: there is no policy \"oracle\"" + takes},
		{"{name: static, lvel: 3}", "pool.yaml:2: policy: policy static has no parameter \"lvel\" (did you mean level?); it takes level"},
		{"{name: none, level: 3}", "pool.yaml:2: policy: policy none has no parameter \"level\"; it takes none"},
		{"{name: static, level: 3.5}", "pool.yaml:2: policy.level: policy static: level=3.5: want a whole number from 0 to 1000000"},
		{"{name: static, level: }", "pool.yaml:2: policy.level: is empty: want a value, or remove the key"},
		{"{name: static, level: {a: 3}}", "pool.yaml:2: policy.level: want a value; for one category write level.CATEGORY: VALUE beside it"},
		{"{name: static, level.b: 3}", "pool.yaml:2: policy.level.b: policy static: level.b: the fleet has no category \"b\""},
		{"{name: keepalive, ttl.a: 3s}", "pool.yaml:2: policy.ttl.a: policy keepalive has no parameter \"ttl.a\"; it takes ttl"},
		{"{name: schedule, timetable: Mon-Fri}", "pool.yaml:2: policy: policy schedule: timetable entry \"Mon-Fri\": "},
		{"\n  name: static\n  level.b: 3\n  level: -1", "pool.yaml:4: policy.level.b: policy static: level.b: the fleet has no category \"b\"\n" +
			"pool.yaml:5: policy.level: policy static: level=-1: want a whole number from 0 to 1000000"},
	} {
		text := "fleet: {categories: [{name: a, lead_time: 1s}]}\npolicy: " + c.section + "\n"
		_, err := Parse("pool.yaml", []byte(text))
		if err == nil {
			t.Errorf("%s\nis accepted", text)
		} else if !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s\n%v\nwant\n%s", text, err, c.want)
		}
	}
	// Where default admits any category, only the trace can tell.
	parseText(t, "fleet: {default: {lead_time: 1s}}\npolicy: {name: static, level.b: 3}\n")
}

// Aliases could make a small file a huge one; nesting could exhaust the stack.
func TestBombs(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'i'; c++ {
		p := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+p+",", 9), ",") + "]\n"
	}
	for name, text := range map[string]string{
		"aliases": bomb,
		"flow":    strings.Repeat("[", 100_000),
		"block":   strings.Repeat("- ", 100_000),
		"maps":    strings.Repeat("{a: ", 100_000),
	} {
		if _, err := Parse(name, []byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		} else if len(err.Error()) > 4000 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
}

func check(t *testing.T, text, want string) {
	t.Helper()
	_, err := Parse("pool.yaml", []byte(text))
	if err == nil {
		t.Errorf("%.200s\nis accepted", text)
		return
	}
	if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(err.Error(), "\n")); d != "" {
		t.Errorf("%.200s\n%s", text, d)
	}
}
