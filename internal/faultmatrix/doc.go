// Package faultmatrix holds the tests of the promise that no answer is lost and no
// message is sent twice. They drive the three commands as processes: a local tenant
// that keeps its data on disk, a proxy before it that loses what the network can
// lose, and the server and the bridge before that, each of which is killed and
// started again where a row says so. A host that follows the texts of our results
// asks its question through all that; then the tenant is asked what stands in the
// conversation.
//
// TestMatrix takes every cut point once, by both fronts, in both protocol eras and,
// where it matters, in both ways of sending, and prints what came of each with -v, or into the file that $FAULT_MATRIX names.
// TestSoak makes many runs under faults chosen at random: see -soak.seed and
// -soak.time. TestOneConversationForManyCallers has 200 callers begin one thread.
package faultmatrix
