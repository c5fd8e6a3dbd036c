package importers

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// sacct is the output of Slurm's `sacct --parsable2` (or --parsable), header
// included, with any fields among which are JobID, Submit, Start and End. Job
// steps (1234.batch) are left out. Arrival = submit, wait = start - submit,
// duration = end - start.
//
// The category is the partition, the processors rounded up to a power of two
// and the GPUs (gpu-p16-2gpu); the task type the partition; the tenant the
// user, else the account. Local times are in Options.Location.
func sacct() Format {
	return Format{
		Name: "slurm-sacct", Inputs: "OUTPUT...",
		About: "Slurm: sacct --allusers --parsable2 --format=JobID,Submit,Start,End,...",
		read:  each(readSacct),
	}
}

func readSacct(c *collector, in Input) error {
	var columns map[string]int
	err := in.lines(func(line string) error {
		if strings.TrimSpace(line) == "" {
			return nil
		}
		fields := strings.Split(line, "|")
		if columns == nil {
			var err error
			columns, err = sacctHeader(fields)
			return err
		}
		if fields[0] == "JobID" { // concatenated outputs
			return nil
		}
		if len(fields) < len(columns) {
			return fmt.Errorf("%d fields, want %d", len(fields), len(columns))
		}
		return sacctJob(c, row{columns, fields})
	})
	if err == nil && columns == nil {
		return fmt.Errorf("%s: empty, want the output of sacct with its header", in.Name)
	}
	return err
}

func sacctHeader(names []string) (map[string]int, error) {
	columns := map[string]int{}
	for i, name := range names {
		// A field may carry its width, as in State%20; --parsable ends
		// lines with a bar, which makes an empty last field.
		if name, _, _ = strings.Cut(name, "%"); name != "" {
			columns[name] = i
		}
	}
	for _, name := range []string{"JobID", "Submit", "Start", "End"} {
		if _, ok := columns[name]; !ok {
			return nil, fmt.Errorf("no field %s in the header (sacct --parsable2 --format=JobID,Submit,Start,End,...)", name)
		}
	}
	return columns, nil
}

func sacctJob(c *collector, r row) error {
	if strings.Contains(r.get("JobID"), ".") {
		c.drop("job step")
		return nil
	}
	var times [3]time.Time
	for i, field := range []string{"Submit", "Start", "End"} {
		text := r.get(field)
		if text == "" || text == "Unknown" || text == "None" {
			continue
		}
		t, err := sacctTime(text, c.Location)
		if err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
		times[i] = t
	}
	submit, start, end := times[0], times[1], times[2]
	state, _, _ := strings.Cut(r.get("State"), " ") // CANCELLED by 1000
	switch {
	case submit.IsZero():
		c.drop("submit time unknown")
		return nil
	case start.IsZero():
		c.drop("never started")
		return nil
	case start.Before(submit):
		c.drop("started before it was submitted")
		return nil
	case end.IsZero() && state == "PENDING":
		c.drop("never started") // Start is then what the scheduler expects
		return nil
	case end.IsZero():
		c.drop("still running")
		return nil
	case end.Before(start):
		c.drop("ended before it started")
		return nil
	}
	arrival, err := stamp(submit)
	if err != nil {
		return err
	}
	request := record(arrival, int64(end.Sub(start)))
	request.Wait = int64(start.Sub(submit))
	request.TaskType = r.get("Partition")
	if request.Tenant = r.get("User"); request.Tenant == "" {
		request.Tenant = r.get("Account")
	}
	request.Category = sacctCategory(r)
	return c.add(request)
}

func sacctTime(s string, zone *time.Location) (time.Time, error) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil { // SLURM_TIME_FORMAT=%s
		if _, err := instant(float64(seconds)); err != nil {
			return time.Time{}, err
		}
		return time.Unix(seconds, 0), nil
	}
	t, err := clock(s, zone)
	if err != nil {
		return t, err
	}
	_, err = stamp(t)
	return t, err
}

func sacctCategory(r row) string {
	tres := r.get("ReqTRES")
	if tres == "" {
		tres = r.get("AllocTRES")
	}
	processors, gpus := 0.0, ""
	for _, field := range []string{"NCPUS", "AllocCPUS", "ReqCPUS"} {
		if x, err := r.number(field); err == nil && x > 0 {
			processors = x
			break
		}
	}
	for item := range strings.SplitSeq(tres, ",") {
		key, value, _ := strings.Cut(item, "=")
		switch {
		case key == "cpu" && processors == 0:
			processors, _ = strconv.ParseFloat(value, 64)
		case strings.HasPrefix(key, "gres/gpu:"): // gres/gpu:a100=2
			gpus = value + strings.TrimPrefix(key, "gres/gpu:")
		case key == "gres/gpu" && gpus == "":
			gpus = value + "gpu"
		}
	}
	var parts []string
	for _, part := range []string{r.get("Partition"), powerOfTwo("p", processors), gpus} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "-")
}
