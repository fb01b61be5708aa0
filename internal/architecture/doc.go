// Package architecture holds the tests of the house itself: which package may
// import which, and that each says what it is for.
package architecture
