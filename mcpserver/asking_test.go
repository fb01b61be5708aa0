package mcpserver_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"sema4mcp/bridge/exchange"
)

func TestALegacyClientIsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, nil)
	for respond, want := range map[string]string{
		`"result":{"action":"accept","content":{"year":2024}}`: "state accept map[year:2024]",
		`"result":{"action":"decline"}`:                        "state decline",
		`"result":{"action":"cancel"}`:                         "state cancel",
		`"error":{"code":-32000,"message":"the dialog broke"}`: "could not ask its user",
	} {
		t.Run(respond, func(t *testing.T) {
			mine := session(f.begin(fixturePath, elicits))
			response := f.request(t.Context(), fixturePath, callBody(1, "ask", nil), mine, "Accept: "+accepting)
			defer response.Body.Close()
			stream := bufio.NewReader(response.Body)
			if told := next(t, stream); told.Params.Message != "asking" {
				t.Fatalf("got %s, want the progress first", told.raw)
			}
			question := next(t, stream)
			if question.Method != "elicitation/create" || question.Params.Message != "Which year?" || len(question.ID) < 22 {
				t.Fatalf("got %s, want the question", question.raw)
			}
			answer := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,%s}`, question.ID, respond)
			wrong := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"action":"accept","content":"of another"}}`, question.ID)
			for _, other := range []struct {
				body    string
				headers []string
			}{
				{wrong, []string{otherKey("other")}},
				{wrong, []string{otherKey("other"), session(f.begin(fixturePath, elicits, otherKey("other")))}},
				{`{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":"by the id of the call"}}`, []string{mine}},
				{answer, []string{mine}},
				{wrong, []string{mine}}, // too late
			} {
				if status, body := f.post(fixturePath, other.body, other.headers...); status != http.StatusAccepted || body != "" {
					t.Errorf("got %d %s for a response", status, body)
				}
			}
			if result := next(t, stream); string(result.ID) != "1" || !strings.Contains(result.raw, want) {
				t.Errorf("got %s, want %s", result.raw, want)
			}
			if rest, err := io.ReadAll(stream); err != nil || strings.Contains(string(rest), "data:") {
				t.Errorf("after the reply: %s, %v", rest, err)
			}
		})
	}
}

func TestTheServersEndEndsAQuestion(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, nil)
	response := f.request(t.Context(), fixturePath, callBody(1, "ask", nil), session(f.begin(fixturePath, elicits)), "Accept: "+accepting)
	defer response.Body.Close()
	stream := bufio.NewReader(response.Body)
	next(t, stream)
	next(t, stream)
	f.server.Close()
	if last := next(t, stream); string(last.ID) != "1" || !strings.Contains(last.raw, exchange.ErrNoAnswer.Error()) {
		t.Errorf("got %s", last.raw)
	}
}

func TestOnlyWhoCanAnswerIsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil, nil)
	stream := "Accept: " + accepting
	body, modernHeaders := modernCall(1, "ask", nil)
	declaring := strings.Replace(body, `clientCapabilities":{}`, `clientCapabilities":`+elicits, 1)
	mine := session(f.begin(fixturePath, elicits))
	for name, test := range map[string]struct {
		body    string
		headers []string
		want    string
	}{
		"no session":                 {callBody(1, "ask", nil), []string{stream}, "nobody to ask"},
		"a session without":          {callBody(1, "ask", nil), []string{stream, session(f.begin(fixturePath, "{}"))}, "nobody to ask"},
		"a session with links only":  {callBody(1, "ask", nil), []string{stream, session(f.begin(fixturePath, `{"elicitation":{"url":{}}}`))}, "nobody to ask"},
		"JSON only":                  {callBody(1, "ask", nil), []string{mine}, "nobody to ask"},
		"modern, does not declare":   {body, modernHeaders, "nobody to ask"},
		"modern, with a session":     {body, append([]string{mine}, modernHeaders...), "nobody to ask"},
		"modern, declares":           {declaring, modernHeaders, `"resultType":"input_required"`},
		"modern, JSON only":          {declaring, append(modernHeaders[:3:3], "Accept: application/json"), `"resultType":"input_required"`},
		"modern, with a bad session": {declaring, append([]string{session("bad")}, modernHeaders...), `"resultType":"input_required"`},
	} {
		status, answer := f.post(fixturePath, test.body, test.headers...)
		if status != http.StatusOK || !strings.Contains(answer, test.want) || strings.Contains(answer, `"method":"elicitation/create","id"`) {
			t.Errorf("%s: got %d %s, want %s", name, status, answer, test.want)
		}
	}
}
