package terminal

import (
	"testing"

	"sema4mcp/internal/testtenant"
)

func TestMain(m *testing.M) { testtenant.Main(m) }
