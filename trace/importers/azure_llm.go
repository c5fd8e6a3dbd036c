package importers

import (
	"fmt"
	"time"
)

// DefaultPrefill and DefaultDecode are the times per token that make a
// duration of a request's token counts. Their order of magnitude is that of a
// model of some 70 billion parameters on one server; give your own.
const (
	DefaultPrefill = 200 * time.Microsecond
	DefaultDecode  = 40 * time.Millisecond
)

// azureLLM is the Azure LLM inference trace (2023 and 2024): arrival, input
// and output tokens. Rule: duration = input tokens x Prefill + output tokens
// x Decode. Times without an offset are UTC, whatever Location says.
func azureLLM() Format {
	return Format{
		Name: "azure-llm", Inputs: "REQUESTS...",
		About: "Azure LLM inference: durations from tokens, by --prefill and --decode",
		read: each(func(c *collector, in Input) error {
			prefill, decode := DefaultPrefill, DefaultDecode
			if c.Prefill > 0 {
				prefill = c.Prefill
			}
			if c.Decode > 0 {
				decode = c.Decode
			}
			return in.table([]string{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, func(r row) error {
				at, err := clock(r.get("TIMESTAMP"), time.UTC)
				if err != nil {
					return err
				}
				arrival, err := stamp(at)
				if err != nil {
					return err
				}
				input, err := r.number("ContextTokens")
				if err != nil {
					return err
				}
				output, err := r.number("GeneratedTokens")
				if err != nil {
					return err
				}
				if input < 0 || output < 0 {
					return fmt.Errorf("negative token counts (%v, %v)", input, output)
				}
				duration, err := span(input*prefill.Seconds() + output*decode.Seconds())
				if err != nil {
					return err
				}
				return c.add(record(arrival, duration))
			})
		}),
	}
}
