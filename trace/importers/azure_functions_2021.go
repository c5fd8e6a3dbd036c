package importers

// azureFunctions2021 is the Azure Functions trace of 2021: one invocation a
// row with its end and duration in seconds; arrival = end - duration.
// Category is app/func, tenant the app.
func azureFunctions2021() Format {
	return Format{
		Name: "azure-functions-2021", Inputs: "INVOCATIONS...",
		About: "Azure Functions 2021: single invocations with end and duration",
		read: each(func(c *collector, in Input) error {
			c.relative = true
			return in.table([]string{"app", "func", "end_timestamp", "duration"}, func(r row) error {
				end, err := r.number("end_timestamp")
				if err != nil {
					return err
				}
				seconds, err := r.number("duration")
				if err != nil {
					return err
				}
				duration, err := span(seconds)
				if err != nil {
					return err
				}
				arrival, err := instant(end - seconds)
				if err != nil {
					return err
				}
				request := record(arrival, duration)
				request.Tenant = short(r.get("app"))
				request.Category = request.Tenant + "/" + short(r.get("func"))
				return c.add(request)
			})
		}),
	}
}
