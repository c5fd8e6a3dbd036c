package sim

import "flag"

var benchRequests = flag.Int("requests", 1_000_000, "requests that each benchmark replays")
