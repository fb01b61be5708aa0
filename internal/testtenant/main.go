package testtenant

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// atATime is how many tests run beside each other: they wait for agents far more
// than they compute.
const atATime = "4"

// Main runs the tests of a package, unless -parallel says otherwise many of those
// that may run beside each other, and fails where one leaves a goroutine behind.
func Main(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", atATime) // a number, of a flag that is there
	}
	goleak.VerifyTestMain(m)
}
