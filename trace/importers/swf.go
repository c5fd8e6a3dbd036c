package importers

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// swf is the Standard Workload Format, version 2 (Parallel Workloads Archive):
// comment lines after semicolons, 18 fields a line, -1 where unknown, times
// in seconds from UnixStartTime.
//
// The category is the number of processors rounded up to a power of two
// (p64), within its partition where there is one; the task type the queue by
// its name, else the group; the dataset the application.
func swf() Format {
	return Format{
		Name: "swf", Inputs: "LOG...",
		About: "Standard Workload Format 2: logs of the Parallel Workloads Archive",
		read:  each(readSWF),
	}
}

// The fields of a line that matter here, from 0.
const (
	swfSubmit, swfWait, swfRun, swfProcessors, swfRequested = 1, 2, 3, 4, 7
	swfStatus, swfUser, swfGroup, swfApplication            = 10, 11, 12, 13
	swfQueue, swfPartition, swfFields                       = 14, 15, 18
)

func readSWF(c *collector, in Input) error {
	header := swfHeader{names: map[string]string{}}
	seen := false
	err := in.lines(func(line string) error {
		line = strings.TrimSpace(line)
		if line == "" {
			return nil
		}
		if comment, ok := strings.CutPrefix(line, ";"); ok {
			return header.note(comment)
		}
		if !seen {
			seen = true
			c.relative = c.relative || header.start == 0
		}
		return header.job(c, strings.Fields(line))
	})
	if err == nil && !seen {
		return fmt.Errorf("%s: no job in it", in.Name)
	}
	return err
}

type swfHeader struct {
	start float64           // UnixStartTime
	names map[string]string // "Queue 1" to its name
}

func (h *swfHeader) note(comment string) error {
	key, value, _ := strings.Cut(comment, ":")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	switch key {
	case "UnixStartTime":
		x, err := strconv.ParseFloat(value, 64)
		if err != nil || !(math.Abs(x) <= farthest/2) {
			return fmt.Errorf("UnixStartTime is %q, want seconds since 1970", value)
		}
		h.start = max(0, x) // -1 is unknown
	case "Queue", "Partition":
		if fields := strings.Fields(value); len(fields) >= 2 {
			h.names[key+" "+fields[0]] = fields[1]
		}
	}
	return nil
}

func (h *swfHeader) job(c *collector, fields []string) error {
	if len(fields) != swfFields {
		return fmt.Errorf("%d fields, want %d", len(fields), swfFields)
	}
	var f [swfFields]float64
	for i, s := range fields {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("field %d is %q, want a number", i+1, s)
		}
		f[i] = x
	}
	switch status := f[swfStatus]; {
	case f[swfSubmit] < 0:
		c.drop("submit time unknown")
		return nil
	case status == 2 || status == 3 || status == 4:
		c.drop("part of a job that has its own line")
		return nil
	case status == 5 && f[swfRun] <= 0:
		c.drop("cancelled before it ran")
		return nil
	case f[swfRun] < 0:
		c.drop("run time unknown")
		return nil
	}
	arrival, err := instant(h.start + f[swfSubmit])
	if err != nil {
		return err
	}
	duration, err := span(f[swfRun])
	if err != nil {
		return err
	}
	r := record(arrival, duration)
	if f[swfWait] >= 0 {
		if r.Wait, err = span(f[swfWait]); err != nil {
			return err
		}
	}
	processors := f[swfProcessors]
	if processors <= 0 {
		processors = f[swfRequested]
	}
	r.Category = powerOfTwo("p", processors)
	if partition := h.name("Partition", "part", f[swfPartition]); partition != "" && r.Category != "" {
		r.Category = partition + "-" + r.Category
	}
	r.TaskType = h.name("Queue", "q", f[swfQueue])
	if r.TaskType == "" {
		r.TaskType = numberedName("g", f[swfGroup])
	}
	r.Tenant = numberedName("u", f[swfUser])
	r.Dataset = numberedName("app", f[swfApplication])
	return c.add(r)
}

func (h *swfHeader) name(kind, prefix string, x float64) string {
	if name := h.names[kind+" "+numberedName("", x)]; name != "" {
		return name
	}
	return numberedName(prefix, x)
}

// numberedName is the prefix and the number; empty where it is unknown.
func numberedName(prefix string, x float64) string {
	if x < 0 || x > math.MaxInt32 {
		return ""
	}
	return prefix + strconv.Itoa(int(x))
}

// powerOfTwo is the prefix and n rounded up to a power of two.
func powerOfTwo(prefix string, n float64) string {
	if !(n > 0 && n <= 1<<40) {
		return ""
	}
	return prefix + strconv.FormatUint(1<<bits.Len64(uint64(math.Ceil(n))-1), 10)
}
