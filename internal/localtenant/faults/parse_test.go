package faults_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"sema4mcp/internal/localtenant/faults"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]faults.Fault{
		"latency=200ms":                       {Latency: 200 * time.Millisecond},
		"status=503":                          {Status: 503},
		"status=503;store, retry-after=2s":    {Status: 503, Store: true, RetryAfter: 2 * time.Second},
		"html=502":                            {Status: 502, HTML: true},
		"html=504;store":                      {Status: 504, HTML: true, Store: true},
		"cut=headers":                         {Cut: faults.Cut{Where: faults.CutHeaders}},
		"cut=body":                            {Cut: faults.Cut{Where: faults.CutBody}},
		"cut=event:0":                         {Cut: faults.Cut{Where: faults.CutAfterEvent}},
		"cut=mid-event:7":                     {Cut: faults.Cut{Where: faults.CutInsideEvent, Event: 7}},
		"stall=event:2;30s":                   {Stall: faults.Stall{AfterEvent: 2, For: 30 * time.Second}},
		"garbage=event:3,unknown-op=event:5":  {Garbage: 3, UnknownOp: 5},
		"match=POST …/stream,times=3":         {Method: "POST", Suffix: "/stream", Times: 3},
		"match=DELETE .../x/":                 {Method: "DELETE", Suffix: "/x"},
		"match=*/messages":                    {Suffix: "/messages"},
		" latency=1s ,\tmatch=/ok , times=1 ": {Latency: time.Second, Suffix: "/ok", Times: 1},
	} {
		got, err := faults.Parse(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, says := range map[string]string{
		"":                          `no fault is called ""; use cut, garbage, html, latency, match, retry-after, stall, status, times, unknown-op`,
		"status=503,,":              `no fault is called ""`,
		"Status=503":                `no fault is called "Status"`,
		"latency":                   "positive duration",
		"latency=-1s":               "positive duration",
		"latency=5":                 "positive duration",
		"status=200":                "400 to 599",
		"status=600":                "400 to 599",
		"status=503;later":          "503;store",
		"html=x":                    "400 to 599",
		"status=503,html=502":       "exclude each other",
		"status=503,status=500":     "given twice",
		"retry-after=2s":            "needs status or html",
		"cut=somewhere":             "headers, body, event:N or mid-event:N",
		"cut=body:1":                "headers, body, event:N or mid-event:N",
		"cut=event":                 "headers, body, event:N or mid-event:N",
		"cut=event:-1":              "from 0 on",
		"cut=mid-event:0":           "from 1 on",
		"stall=event:1":             "event:N;30s",
		"stall=1;30s":               "use event:N",
		"stall=event:1;soon":        "positive duration",
		"garbage=3":                 "use event:N",
		"garbage=event:0":           "from 1 on",
		"unknown-op=event:x":        "from 1 on",
		"match=stream":              "the end of a path",
		"match=BREW /pot":           "the end of a path",
		"times=0":                   "from 1 on",
		"times=9999999999999999999": "from 1 on",
	} {
		if _, err := faults.Parse(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error %v does not say %q", text, err, says)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"latency=200ms", "status=503;store,retry-after=2s", "html=502,times=2", "cut=event:3,match=POST …/stream",
		"cut=mid-event:1", "stall=event:2;30s", "garbage=event:1,unknown-op=event:2", "=,=;:", "match= /",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := faults.Parse(text)
		if err != nil {
			if !reflect.DeepEqual(fault, faults.Fault{}) {
				t.Errorf("%q: a fault beside the error %v", text, err)
			}
			return
		}
		if fault.Status != 0 && (fault.Status < 400 || fault.Status > 599) || fault.Latency < 0 || fault.Times < 0 ||
			fault.Cut.Event < 0 || fault.Garbage < 0 || fault.UnknownOp < 0 || fault.Stall.AfterEvent < 0 {
			t.Errorf("%q: out of range: %+v", text, fault)
		}
		if again, err := faults.Parse(" " + text + " "); err != nil || !reflect.DeepEqual(again, fault) {
			t.Errorf("%q: with blanks around it %+v, %v; want %+v", text, again, err, fault)
		}
		var switches faults.Switches
		if err := switches.Set(text); err != nil && !strings.Contains(text, "\n") {
			t.Errorf("%q parses and cannot be set: %v", text, err)
		}
	})
}
