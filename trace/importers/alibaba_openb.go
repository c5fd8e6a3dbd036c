package importers

import (
	"fmt"
	"strconv"
	"strings"

	"shadowpool/trace"
)

// openb is the pod list of Alibaba's GPU cluster trace of 2023. Arrival is
// the creation, wait = scheduling - creation, duration = deletion -
// scheduling. The category is the GPU share (cpu, halfgpu up to 500 milli,
// sharegpu, 1gpu, 8gpu, ...) and the allowed GPU models; the task type the
// quality of service.
//
// A pod whose deletion is the end of the record was still running. The record
// covers 34 days; what was created earlier is only what survived until then,
// and left out.
func openb() Format {
	return Format{
		Name: "alibaba-openb", Inputs: "PODS",
		About: "Alibaba GPU cluster 2023 (openb): pods with GPU share and model",
		read:  each(readOpenb),
	}
}

const openbWindow = 34 * 86400 // seconds

func readOpenb(c *collector, in Input) error {
	type pod struct {
		trace.Record
		created, deleted float64
	}
	c.relative = true
	var pods []pod
	end := 0.0
	wanted := []string{"num_gpu", "gpu_milli", "gpu_spec", "qos", "creation_time", "deletion_time", "scheduled_time"}
	err := in.table(wanted, func(r row) error {
		created, err := r.number("creation_time")
		if err != nil {
			return err
		}
		deleted := -1.0
		if r.get("deletion_time") != "" {
			if deleted, err = r.number("deletion_time"); err != nil {
				return err
			}
			end = max(end, deleted)
		}
		if r.get("scheduled_time") == "" {
			c.drop("never scheduled")
			return nil
		}
		if deleted < 0 {
			c.drop("still running")
			return nil
		}
		scheduled, err := r.number("scheduled_time")
		if err != nil {
			return err
		}
		p := pod{record(0, 0), created, deleted}
		if p.Arrival, err = instant(created); err != nil {
			return err
		}
		if p.Wait, err = span(scheduled - created); err != nil {
			return fmt.Errorf("scheduled_time: %w", err)
		}
		if p.Duration, err = span(deleted - scheduled); err != nil {
			return fmt.Errorf("deletion_time: %w", err)
		}
		p.TaskType = strings.Clone(r.get("qos"))
		if p.Category, err = gpuShare(r); err != nil {
			return err
		}
		if pods = append(pods, p); len(pods) > maxRequests {
			return fmt.Errorf("more than %d pods", maxRequests)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range pods {
		switch {
		case p.created < end-openbWindow:
			c.drop("created before the record begins")
		case p.deleted == end:
			c.drop("still running")
		default:
			if err := c.add(p.Record); err != nil {
				return err
			}
		}
	}
	return nil
}

func gpuShare(r row) (string, error) {
	gpus, err := r.number("num_gpu")
	if err != nil {
		return "", err
	}
	milli, err := r.number("gpu_milli")
	if err != nil {
		return "", err
	}
	share := strconv.FormatFloat(gpus, 'f', -1, 64) + "gpu"
	switch {
	case gpus == 0:
		return "cpu", nil
	case gpus == 1 && milli <= 500:
		share = "halfgpu"
	case gpus == 1 && milli < 1000:
		share = "sharegpu"
	}
	models := strings.ReplaceAll(r.get("gpu_spec"), "|", "+")
	if models == "" {
		models = "any"
	}
	return share + "-" + models, nil
}
