package trace

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// LoadHolidays reads a CSV of lines `date,name`, as in 2026-12-25,Christmas,
// under a line that says so, and returns the days, in days since the epoch,
// ascending and each once. (CSV rather than iCalendar: every source of
// holidays can be turned into it, and it leaves nothing to interpret, neither
// recurrence rules nor time zones.) Errors name file and line.
func LoadHolidays(path string) ([]int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	days, err := readHolidays(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return days, nil
}

func readHolidays(r io.Reader) ([]int64, error) {
	lines, err := openLines(r)
	if err != nil {
		return nil, err
	}
	head, err := lines.Read()
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !slices.Equal(head, []string{"date", "name"}) {
		return nil, fmt.Errorf("the first line is %q, want date,name", head)
	}
	var days []int64
	for {
		fields, err := lines.Read()
		if err == io.EOF {
			slices.Sort(days)
			return slices.Compact(days), nil
		}
		if err != nil {
			return nil, err
		}
		at, err := time.Parse(time.DateOnly, fields[0])
		if err != nil {
			line, _ := lines.FieldPos(0)
			return nil, fmt.Errorf("line %d: date %q is not written as 2026-12-25", line, fields[0])
		}
		days = append(days, at.Unix()/86400)
	}
}
