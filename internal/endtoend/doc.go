// Package endtoend holds the tests for which no other package may have all the
// parts: several tenants, with servers before them, that work together.
package endtoend
