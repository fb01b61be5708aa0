package bridge

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

func at(second int) restclient.Time {
	return restclient.Time{Time: time.Date(2026, 7, 2, 9, 15, second, 500_000_000, time.UTC)}
}

func called(started, ended restclient.Time) restclient.Content {
	return restclient.Content{Kind: restclient.KindToolCall, ToolCall: &restclient.ToolCall{Name: "query", StartedAt: started, EndedAt: ended}}
}

func attachedAs(a restclient.Attachment) restclient.Content {
	return restclient.Content{Kind: restclient.KindAttachment, Attachment: &a}
}

func agentSays(contents ...restclient.Content) restclient.Message {
	return restclient.Message{Role: restclient.RoleAgent, CreatedAt: at(21), Content: contents}
}

func TestWhatLiesOutsideOfARunWasNotLeftByIt(t *testing.T) {
	t.Parallel()
	id := run.ID{Started: at(10).Time}
	inSeconds := func(second int) restclient.Time { return restclient.Time{Time: at(second).Truncate(time.Second)} }
	for name, test := range map[string]struct {
		message restclient.Message
		has     map[restclient.Time]bool
	}{
		"with the times of its tools": {agentSays(called(at(20), at(30))), map[restclient.Time]bool{
			at(12): false, at(19): false, inSeconds(20): true, at(20): true, at(30): true, at(34): true, at(40): false, {}: true}},
		"without": {agentSays(called(restclient.Time{}, restclient.Time{})), map[restclient.Time]bool{
			at(2): false, at(8): true, at(20): true, at(59): true, {}: true}},
		"that still work": {agentSays(called(at(20), restclient.Time{})), map[restclient.Time]bool{at(19): false, at(22): true}},
	} {
		when := spanOf(id, []restclient.Message{test.message})
		for created, want := range test.has {
			if when.has(created) != want {
				t.Errorf("%s: created at %v: got %t", name, created, !want)
			}
		}
	}
}

func TestAttachmentsAndFilesAreTakenTogether(t *testing.T) {
	t.Parallel()
	shown := shownIn([]restclient.Message{
		{Role: restclient.RoleUser, Content: []restclient.Content{attachedAs(restclient.Attachment{Name: "sent.csv"})}},
		agentSays(attachedAs(restclient.Attachment{Name: "held.txt", MIMEType: "text/plain", Base64Data: "SGVsbG8="}),
			attachedAs(restclient.Attachment{Name: "A report", URI: "agent-server-file://f-1"}),
			attachedAs(restclient.Attachment{Name: "gone.pdf", URI: "agent-server-file://f-9"}), attachedAs(restclient.Attachment{})),
	})
	files := []restclient.File{
		{ID: "f-0", Ref: "old.csv", CreatedAt: at(1)}, {ID: "f-1", Ref: "report.pdf", MIMEType: "application/pdf", Size: 7, CreatedAt: at(1)},
		{ID: "f-2", Ref: "made.csv", MIMEType: "text/csv", Size: 3, CreatedAt: at(25)},
	}
	got := together(shown.files, files, span{from: at(20).Time})
	want := []leftFile{
		{name: "held.txt", mimeType: "text/plain", size: 5, held: true, readable: true},
		{name: "report.pdf", id: "f-1", mimeType: "application/pdf", size: 7, readable: true},
		{name: "gone.pdf", id: "f-9"},
		{name: "made.csv", mimeType: "text/csv", size: 3, readable: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	text := leavings{files: got}.text(scope{}, run.ID{ConversationID: "c"})
	for _, line := range []string{`- the file "report.pdf" (application/pdf, 7 bytes)`, `- the file "gone.pdf", which is shown in the Sema4.ai application`,
		`call read_file with thread_id "c" and file "held.txt".`} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in %s", line, text)
		}
	}
	if links := (leavings{files: got}).links(run.ID{}); len(links) != 3 {
		t.Errorf("got %d links: what cannot be read has none", len(links))
	}
}

func TestChartsAreCalledByTheirTitle(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]drawing{
		`{"title":"Sales","data":{"name":"sales"}}`:                        {"Sales", "sales"},
		`{"title":["Sales","by region"],"data":{"values":[]}}`:             {"Sales by region", ""},
		`{"title":{"text":"Sales"},"data":[{"name":"t"},{"name":"u"}]}`:    {"Sales", "t"},
		`{"title":{"text":["a","b"],"color":"red"},"data":[]}`:             {"a b", ""},
		`{"title":{"text":{"signal":"s"}},"data":null}`:                    {},
		`{"title":7,"data":"x"}`:                                           {},
		`{"title":{},"data":{"name":7}}`:                                   {},
		`{`:                                                                {},
		`{"title":"several\n\n  lines","data":{"url":"x","name":"\"n\""}}`: {"several lines", `"n"`},
	} {
		if got := drawingOf(&restclient.Chart{SpecRaw: spec}); got != want {
			t.Errorf("%s: got %+v", spec, got)
		}
	}
	if got := drawingOf(nil); got != (drawing{}) {
		t.Errorf("got %+v", got)
	}
	text := leavings{charts: []drawing{{"Sales", "sales"}, {"", "other"}}, frames: []restclient.DataFrame{{Name: "sales", NumRows: 2, Columns: []string{"a"}}}}.text(scope{shared: true}, run.ID{AgentID: "a", ConversationID: "c"})
	if want := `The agent left, beside the text:
- the data frame "sales" (2 rows × 1 columns)
- the chart “Sales” of the data frame "sales", which is shown in the Sema4.ai application
- a chart, which is shown in the Sema4.ai application
To read one, call read_data_frame with agent "a", thread_id "c" and name "sales".`; text != want {
		t.Errorf("got %s", text)
	}
}

func TestTheListOfWhatWasLeftIsBounded(t *testing.T) {
	t.Parallel()
	many := leavings{}
	for range 1000 {
		many.files = append(many.files, leftFile{name: strings.Repeat("n", 100), readable: true})
	}
	if text := many.text(scope{}, run.ID{}); len(text) > maxLeftText+1000 || !strings.Contains(text, "more: see list_files and list_data_frames") {
		t.Errorf("got %d bytes ending %q", len(text), text[len(text)-300:])
	}
	if links := many.links(run.ID{}); len(links) != maxLinks {
		t.Errorf("got %d links", len(links))
	}
}

func TestARunThatWorksHasLeftNothingYet(t *testing.T) {
	t.Parallel()
	messages := []restclient.Message{agentSays(attachedAs(restclient.Attachment{Name: "a"}))}
	for state, want := range map[run.State]int{run.Working: 0, run.NeedsInput: 1} {
		if got := new(shelf).left(t.Context(), run.ID{}, run.Report{State: state, Messages: messages}); len(got.files) != want {
			t.Errorf("%s: got %+v", state, got)
		}
	}
}

// silent is a tenant that takes requests and answers none.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAnAnswerWaitsForAListOfWhatWasLeftAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, err := restclient.New("http://127.0.0.1/api/v2", "key", restclient.WithTransport(silent{}))
		if err != nil {
			t.Fatal(err)
		}
		s := &shelf{client: client, known: make(map[shelved]leavings)}
		report := run.Report{Ended: true, Messages: []restclient.Message{agentSays(called(at(1), at(2)), attachedAs(restclient.Attachment{Name: "a", URI: "x"}))}}
		began := time.Now()
		got := s.left(t.Context(), run.ID{AgentID: "a", ConversationID: "c"}, report)
		if took := time.Since(began); took != lookWithin || len(got.files) != 1 || len(s.known) != 0 {
			t.Errorf("got %+v after %s", got, took)
		}
		if text := got.text(scope{}, run.ID{ConversationID: "c"}); !strings.Contains(text, `could not be listed in time: call list_files and list_data_frames with thread_id "c".`) {
			t.Errorf("got %s", text)
		}
		given, cancel := context.WithCancel(t.Context())
		cancel()
		if got := s.left(given, run.ID{}, report); len(got.files) != 1 {
			t.Errorf("a caller who has gone: got %+v", got)
		}
		time.Sleep(lookWithin) // the look goes on, and ends
	})
}

func TestWhatRunsLeftIsForgottenInTime(t *testing.T) {
	t.Parallel()
	s := &shelf{known: make(map[shelved]leavings)}
	for i := range 2 * maxShelved {
		s.keep(shelved{"r", i}, leavings{})
	}
	if len(s.known) != maxShelved {
		t.Errorf("%d are kept", len(s.known))
	}
}
