package bridge

import (
	"testing"
)

func TestNamesComeBackFromURIsAsTheyWere(t *testing.T) {
	t.Parallel()
	template := resourceTemplates()
	for _, name := range []string{"plain", "with space", "a/b", "100%", "größe 🚀", "?format=json", "#1", "a+b&c=d;e,f", "..", "'()*!", "\"quoted\"", "\n"} {
		for uri, want := range map[string]resourceURI{
			fileURI("a", "t", name):                   {agentID: "a", threadID: "t", file: name},
			frameURI("a", "t", name):                  {agentID: "a", threadID: "t", frame: name},
			frameURI("a", "t", name) + "?format=json": {agentID: "a", threadID: "t", frame: name, format: "json"},
			threadURI("a", name):                      {agentID: "a", threadID: name},
			runURI(name):                              {runID: name},
		} {
			got, ok := parseResourceURI(uri)
			matching := 0
			for _, each := range template {
				if each.URITemplate.Regexp().MatchString(uri) {
					matching++
				}
			}
			if !ok || got != want || matching != 1 {
				t.Errorf("%s: got %+v, %t; %d templates match", uri, got, ok, matching)
			}
		}
	}
	for _, uri := range []string{"", "runs/a", "sema4://", "sema4://runs", "sema4://runs/a/b", "sema4://agents/a/threads", "sema4://agents//threads/t", "sema4://agents/a/threads/t/files",
		"sema4://agents/a/threads/t/other/x", "sema4://agents/a/other/t", "sema4://agents/a/threads/t/data-frames/x?%zz", "sema4://agents/a/threads/t/files/%"} {
		if got, ok := parseResourceURI(uri); ok {
			t.Errorf("%s: got %+v", uri, got)
		}
	}
}
