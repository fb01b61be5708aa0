package bridge

import (
	"testing"
)

func TestNamesComeBackFromURIsAsTheyWere(t *testing.T) {
	t.Parallel()
	template := resourceTemplates()
	for _, name := range []string{"plain", "with space", "a/b", "100%", "größe 🚀", "?format=json", "#1", "a+b&c=d;e,f", "..", "'()*!", "\"quoted\"", "\n"} {
		for uri, want := range map[string]resourceURI{
			fileURI("a", "t", name):                          {agent: "a", thread: "t", file: name},
			frameURI("a", "t", name):                         {agent: "a", thread: "t", frame: name},
			frameURI("a", "t", name) + "?format=json":        {agent: "a", thread: "t", frame: name, format: "json"},
			frameURI("a", "t", name) + "?limit=2&format=csv": {agent: "a", thread: "t", frame: name, format: "csv", extent: extent{limit: 2, ranged: true}},
			threadURI("a", name):                             {agent: "a", thread: name},
			threadURI("a", name) + "?offset=7":               {agent: "a", thread: name, extent: extent{offset: 7, ranged: true}},
			agentURI(name):                                   {agent: name},
			runURI(name) + "?offset=0&limit=1":               {runID: name, extent: extent{limit: 1, ranged: true}},
			runURI(name):                                     {runID: name},
		} {
			want.uri = uri
			got, err := parseResourceURI(uri)
			matching := 0
			for _, each := range template {
				if each.URITemplate.Regexp().MatchString(uri) {
					matching++
				}
			}
			if err != nil || got != want || matching != 1 {
				t.Errorf("%s: got %+v, %v; %d templates match", uri, got, err, matching)
			}
		}
	}
	for _, uri := range []string{"", "runs/a", "sema4://", "sema4://runs", "sema4://runs/a/b", "sema4://agents", "sema4://agents/", "sema4://agents/a/threads", "sema4://agents/a?offset=-1", "sema4://agents/a?limit=0", "sema4://agents/a?offset=x", "sema4://agents//threads/t", "sema4://agents/a/threads/t/files",
		"sema4://agents/a/threads/t/other/x", "sema4://agents/a/other/t", "sema4://agents/a/threads/t/data-frames/x?%zz", "sema4://agents/a/threads/t/files/%"} {
		if got, err := parseResourceURI(uri); err == nil {
			t.Errorf("%s: got %+v", uri, got)
		}
	}
}
