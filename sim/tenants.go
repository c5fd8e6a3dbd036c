package sim

import "fmt"

// tenantNumbers are those that the rows of a trace have for tenants, by its
// dictionary. Tenants that it does not know have others, which no row has.
func tenantNumbers(tenants, dictionary []string) map[string]uint32 {
	numbers := make(map[string]uint32, len(tenants))
	if len(tenants) == 0 {
		return numbers
	}
	for _, name := range tenants {
		numbers[name] = 0
	}
	for i, name := range dictionary {
		if _, sought := numbers[name]; sought {
			numbers[name] = uint32(i)
		}
	}
	next := uint32(max(len(dictionary), 1))
	for _, name := range tenants {
		if numbers[name] == 0 {
			numbers[name] = next
			next++
		}
	}
	return numbers
}

// tenants are those for whom pools of the fleet are reserved, in their order.
func (f *Fleet) tenants() []string {
	var all []string
	for i := range f.Categories {
		if t := f.Categories[i].Tenant; t != "" {
			all = append(all, t)
		}
	}
	return all
}

// knows is an error if the fleet has another trace's numbers for its tenants.
func (f *Fleet) knows(dictionary []string) error {
	numbers := tenantNumbers(f.tenants(), dictionary)
	for i := range f.Categories {
		if k := &f.Categories[i]; k.Tenant != "" && k.ReservedFor != numbers[k.Tenant] {
			return fmt.Errorf("category %q is reserved for tenant %d, but %q is %d in the trace: the fleet was made for another", k.Name, k.ReservedFor, k.Tenant, numbers[k.Tenant])
		}
	}
	return nil
}
