package importers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// githubActions is a list of jobs of GitHub Actions as the REST API gives
// them ("list jobs for a workflow run"): pages with a list under "jobs", one
// after the other or in an array, bare arrays of jobs, or the payloads of
// workflow_job webhooks. Arrival = created_at, wait = started_at -
// created_at, duration = completed_at - started_at.
//
// The category is what decides which runner may serve the job: its labels,
// sorted, and the runner group if it is not the default one. The task type is
// the workflow, the tenant the repository.
//
// Stage: queue (created to started): the runner's start and the wait for it.
func githubActions() Format {
	return Format{
		Name: "github-actions", Inputs: "JOBS.json...",
		About:  "GitHub Actions jobs: gh api --paginate repos/OWNER/REPO/actions/runs/ID/jobs",
		Stages: []string{"queue"},
		read: each(func(c *collector, in Input) error {
			return in.items("jobs", func(raw json.RawMessage) error {
				var hook struct {
					WorkflowJob *githubJob `json:"workflow_job"`
				}
				var job githubJob
				if err := json.Unmarshal(raw, &hook); err == nil && hook.WorkflowJob != nil {
					job = *hook.WorkflowJob
				} else if err := json.Unmarshal(raw, &job); err != nil {
					return err
				}
				return job.add(c)
			})
		}),
	}
}

type githubJob struct {
	Name        string     `json:"name"`
	Status      string     `json:"status"`
	Conclusion  string     `json:"conclusion"`
	CreatedAt   *time.Time `json:"created_at"`
	StartedAt   *time.Time `json:"started_at"`
	CompletedAt *time.Time `json:"completed_at"`
	Labels      []string   `json:"labels"`
	Workflow    string     `json:"workflow_name"`
	Group       string     `json:"runner_group_name"`
	URL         string     `json:"url"`
}

func (j *githubJob) add(c *collector) error {
	switch {
	case j.Status == "" && j.CreatedAt == nil:
		return fmt.Errorf("no job: neither status nor created_at")
	case j.Status != "completed":
		c.drop(fmt.Sprintf("status %.40s", j.Status))
		return nil
	case j.Conclusion == "skipped":
		c.drop("skipped: it never needed a runner")
		return nil
	case j.CreatedAt == nil:
		c.drop("no created_at")
		return nil
	case j.StartedAt == nil || j.CompletedAt == nil:
		c.drop("never started")
		return nil
	case j.StartedAt.Before(*j.CreatedAt):
		c.drop("started before it was created")
		return nil
	case j.CompletedAt.Before(*j.StartedAt):
		c.drop("completed before it started")
		return nil
	}
	arrival, err := stamp(*j.CreatedAt)
	if err != nil {
		return err
	}
	if _, err := stamp(*j.CompletedAt); err != nil {
		return err
	}
	c.stage("queue", *j.CreatedAt, *j.StartedAt)
	r := record(arrival, int64(j.CompletedAt.Sub(*j.StartedAt)))
	r.Wait = int64(j.StartedAt.Sub(*j.CreatedAt))
	labels := slices.Clone(j.Labels)
	slices.Sort(labels)
	r.Category = strings.Join(slices.Compact(labels), "+")
	if j.Group != "" && j.Group != "Default" && j.Group != "GitHub Actions" {
		r.Category = j.Group + "/" + r.Category
	}
	r.TaskType = j.Workflow
	r.Tenant = repository(j.URL)
	return c.add(r)
}

// repository is OWNER/REPO out of an address of the API.
func repository(url string) string {
	_, path, ok := strings.Cut(url, "/repos/")
	if !ok {
		return ""
	}
	parts := strings.SplitN(path, "/", 3)
	if len(parts) < 2 {
		return ""
	}
	return parts[0] + "/" + parts[1]
}
