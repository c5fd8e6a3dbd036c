package importers

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// azureFunctions2019 is the Azure Functions trace of 2019 (Shahrad et al.,
// ATC 2020): files of invocation counts per function and minute of the day,
// one file a day in the order given, and files of duration percentiles.
//
// Rule: a count of n in a minute becomes n arrivals drawn evenly from that
// minute, from a random stream of the function's own, so that one function's
// requests do not depend on which others are imported. A duration is drawn by
// inversion from the function's percentiles (0, 1, 25, 50, 75, 99, 100),
// straight between them; a function without percentiles takes the options'
// law. Category is app/function, tenant the owner, task type the trigger.
func azureFunctions2019() Format {
	return Format{
		Name: "azure-functions-2019", Inputs: "INVOCATIONS... [DURATIONS...]",
		About: "Azure Functions 2019: counts and duration percentiles, drawn by --seed",
		read:  readAzureFunctions2019,
	}
}

const minutesOfDay = 1440

var (
	azureKey         = []string{"HashOwner", "HashApp", "HashFunction"}
	azurePercentiles = []float64{0, 1, 25, 50, 75, 99, 100}
)

type azureFunction struct {
	owner, app, function, trigger string

	day    int
	counts []azureCount
}

type azureCount struct{ minute, n int32 }

func readAzureFunctions2019(c *collector, inputs []Input) error {
	c.relative = true
	durations := map[string][]float64{}
	var functions []azureFunction
	days := 0
	for _, in := range inputs {
		kind := ""
		err := in.table(azureKey, func(r row) error {
			switch {
			case r.has("Trigger") && r.has("1"):
				kind = "invocations"
				f, err := countsOf(r)
				if err != nil {
					return err
				}
				f.day = days
				functions = append(functions, f)
				return nil
			case r.has("percentile_Average_50"):
				kind = "durations"
				return readPercentiles(r, durations)
			}
			return fmt.Errorf("neither invocations (Trigger, 1, 2, ...) nor durations (percentile_Average_50, ...)")
		})
		if err != nil {
			return err
		}
		if kind == "invocations" {
			days++
		}
	}
	if days == 0 {
		return fmt.Errorf("azure-functions-2019: no file of invocations among the inputs")
	}
	for _, f := range functions {
		if err := f.expand(c, durations[f.key()]); err != nil {
			return err
		}
	}
	return nil
}

func countsOf(r row) (azureFunction, error) {
	f := azureFunction{
		owner: r.get("HashOwner"), app: r.get("HashApp"), function: r.get("HashFunction"), trigger: r.get("Trigger"),
	}
	for m := 1; m <= minutesOfDay; m++ {
		text := r.get(strconv.Itoa(m))
		if text == "" || text == "0" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return f, fmt.Errorf("minute %d counts %q, want a whole number", m, text)
		}
		f.counts = append(f.counts, azureCount{int32(m - 1), int32(n)})
	}
	// The fields share the line's memory: keep copies only.
	f.owner, f.app, f.function = strings.Clone(f.owner), strings.Clone(f.app), strings.Clone(f.function)
	f.trigger = strings.Clone(f.trigger)
	return f, nil
}

func readPercentiles(r row, into map[string][]float64) error {
	table := make([]float64, len(azurePercentiles))
	for i, p := range azurePercentiles {
		column := "percentile_Average_" + strconv.Itoa(int(p))
		x, err := r.number(column)
		if err != nil {
			return err
		}
		if x < 0 || i > 0 && x < table[i-1] || x/1000 > longest {
			return fmt.Errorf("%s is %v ms: percentiles must ascend from 0", column, x)
		}
		table[i] = x
	}
	key := azureFunction{owner: r.get("HashOwner"), app: r.get("HashApp"), function: r.get("HashFunction")}.key()
	if _, twice := into[key]; !twice { // of several days the first one counts
		into[key] = table
	}
	return nil
}

func (f azureFunction) key() string { return f.owner + "/" + f.app + "/" + f.function }

func (f azureFunction) expand(c *collector, table []float64) error {
	when := c.stream("arrivals/" + strconv.Itoa(f.day) + "/" + f.key())
	long := c.stream("durations/" + strconv.Itoa(f.day) + "/" + f.key())
	r := record(0, 0)
	r.Category, r.Tenant, r.TaskType = short(f.app)+"/"+short(f.function), short(f.owner), f.trigger
	for _, count := range f.counts {
		from := (int64(f.day)*minutesOfDay + int64(count.minute)) * 60e9
		if table == nil && c.Duration == nil {
			c.dropMany("function without durations: no duration (give a law of durations)", int64(count.n))
			continue
		}
		within := make([]int64, 0, min(count.n, 4096))
		for range count.n {
			if len(within) >= maxRequests {
				return fmt.Errorf("%s: more than %d requests in one minute", f.key(), maxRequests)
			}
			within = append(within, from+when.Int64N(60e9))
		}
		sort.Slice(within, func(i, j int) bool { return within[i] < within[j] })
		for _, r.Arrival = range within {
			if table != nil {
				r.Duration = quantile(table, 100*long.Float64())
			} else {
				r.Duration = c.Duration.Draw(long)
			}
			if err := c.add(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// quantile is the p-th percentile in nanoseconds, straight between the
// table's milliseconds.
func quantile(table []float64, p float64) int64 {
	i := sort.SearchFloat64s(azurePercentiles, p)
	if i == 0 {
		return nanoseconds(table[0] / 1000)
	}
	a, b := azurePercentiles[i-1], azurePercentiles[i]
	ms := table[i-1] + (table[i]-table[i-1])*(p-a)/(b-a)
	return nanoseconds(ms / 1000)
}

// short cuts an anonymising hash to its first 12 digits, which still tell
// apart any names that a data set can have; other names stay.
func short(hash string) string {
	if len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return hash
	}
	return hash[:12]
}
