package contracttest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// record remembers which operations have been seen to work.
type record struct {
	mu       sync.Mutex
	statuses map[string]map[int]bool // by operationId
}

var exercised = record{statuses: map[string]map[int]bool{}}

func (r *record) add(operation string, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.statuses[operation] == nil {
		r.statuses[operation] = map[int]bool{}
	}
	r.statuses[operation][status] = true
}

// Exercised gives the statuses that each operation has been answered with in this
// process, in exchanges that fitted the contract from end to end.
func Exercised() map[string][]int {
	exercised.mu.Lock()
	defer exercised.mu.Unlock()
	all := map[string][]int{}
	for operation, statuses := range exercised.statuses {
		all[operation] = slices.Sorted(maps.Keys(statuses))
	}
	return all
}

// Unexercised lists the operations of the contract that have not been answered
// with a 2xx in this process, sorted; where the local tenant never does, the status
// that the contract names for it will do.
func Unexercised() []string {
	seen := Exercised()
	var missing []string
	for _, item := range load().Paths.Map() {
		for _, operation := range item.Operations() {
			local := operation.Extensions["x-local-status"]
			if !slices.ContainsFunc(seen[operation.OperationID], func(status int) bool {
				return status/100 == 2 || fmt.Sprint(status) == fmt.Sprint(local)
			}) {
				missing = append(missing, operation.OperationID)
			}
		}
	}
	slices.Sort(missing)
	return missing
}
