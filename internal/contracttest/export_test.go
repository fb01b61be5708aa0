package contracttest

// Forget clears the record, so that a test can be run again in one process.
func Forget() {
	exercised.mu.Lock()
	defer exercised.mu.Unlock()
	clear(exercised.statuses)
}
