package tenantcmd

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"sema4mcp/internal/localtenant"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Other machines know this one by whatever name it has; web pages reach it by a
// loopback address alone.
func TestWhichAddressesAreGuarded(t *testing.T) {
	tenant, err := localtenant.New(t.Context(), localtenant.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer tenant.Close()
	o := options{allowHosts: []string{"agents.example"}}
	for at, want := range map[string]int{"127.0.0.1": http.StatusForbidden, "::1": http.StatusForbidden, "192.0.2.1": http.StatusOK, "::": http.StatusOK} {
		handler := o.handler(tenant, &net.TCPAddr{IP: net.ParseIP(at), Port: 8081})
		for host, want := range map[string]int{"tenant.example": want, "agents.example": http.StatusOK} {
			request := httptest.NewRequest(http.MethodGet, "/api/v2", http.NoBody)
			request.Host = host
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			if recorder.Code != want {
				t.Errorf("%s at %s: status %d, want %d", host, at, recorder.Code, want)
			}
		}
	}
}
