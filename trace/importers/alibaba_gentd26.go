package importers

import "fmt"

// genTD26 is the request trace of Alibaba's GenTD26 (image generation). The
// checkpoint is category and dataset, the prediction type the task type, the
// group the tenant. Requests that never ended are left out; failed ones stay,
// for they held an instance.
func genTD26() Format {
	return Format{
		Name: "alibaba-gentd26", Inputs: "REQUESTS...",
		About: "Alibaba GenTD26: image generation requests (lora_request_trace)",
		read: each(func(c *collector, in Input) error {
			wanted := []string{"gmt_create", "predict_type", "predict_status", "exec_time_seconds", "groupId", "checkpoint_model_version_id"}
			return in.table(wanted, func(r row) error {
				if status := r.get("predict_status"); status != "SUCCEED" && status != "FAILED" {
					c.drop(fmt.Sprintf("status %.40s", status))
					return nil
				}
				at, err := clock(r.get("gmt_create"), c.Location)
				if err != nil {
					return err
				}
				arrival, err := stamp(at)
				if err != nil {
					return err
				}
				seconds, err := r.number("exec_time_seconds")
				if err != nil {
					return err
				}
				duration, err := span(seconds)
				if err != nil {
					return err
				}
				request := record(arrival, duration)
				request.Category = r.get("checkpoint_model_version_id")
				request.Dataset = request.Category
				request.TaskType = r.get("predict_type")
				request.Tenant = r.get("groupId")
				return c.add(request)
			})
		}),
	}
}
