//go:build race

package faultmatrix_test

// The products are then built with the race detector as well. The tenant is not:
// it makes SQLite ten times slower.
func init() { raceDetector = true }
