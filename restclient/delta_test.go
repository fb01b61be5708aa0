package restclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// patched applies deltas, as the wire has them, to a document.
func patched(t testing.TB, document string, deltas ...string) (string, error) {
	t.Helper()
	root, err := parseDocument([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	p := newPatchable(root, &budget{})
	for _, wire := range deltas {
		var d Delta
		if err := json.Unmarshal([]byte(wire), &d); err != nil {
			t.Fatalf("%s: %v", wire, err)
		}
		if err := p.apply(d); err != nil {
			return string(encodeDocument(p.document())), err
		}
	}
	return string(encodeDocument(p.document())), nil
}

func TestDeltas(t *testing.T) {
	for name, c := range map[string]struct{ document, delta, want string }{
		"add a member":             {`{}`, `{"op":"add","path":"/a","value":1}`, `{"a":1}`},
		"add over a member":        {`{"a":1}`, `{"op":"add","path":"/a","value":null}`, `{"a":null}`},
		"add the whole":            {`{"a":1}`, `{"op":"add","path":"","value":{"b":2}}`, `{"b":2}`},
		"add before an element":    {`[1,3]`, `{"op":"add","path":"/1","value":2}`, `[1,2,3]`},
		"add after the last":       {`[1]`, `{"op":"add","path":"/1","value":2}`, `[1,2]`},
		"add at the end":           {`{"a":[]}`, `{"op":"add","path":"/a/-","value":2}`, `{"a":[2]}`},
		"add a member named -":     {`{}`, `{"op":"add","path":"/-","value":2}`, `{"-":2}`},
		"an empty name":            {`{}`, `{"op":"add","path":"/","value":2}`, `{"":2}`},
		"escapes in a name":        {`{}`, `{"op":"add","path":"/a~1b~0c~01","value":2}`, `{"a/b~c~1":2}`},
		"remove a member":          {`{"a":1,"b":2}`, `{"op":"remove","path":"/a"}`, `{"b":2}`},
		"remove an element":        {`{"a":[1,2,3]}`, `{"op":"remove","path":"/a/1"}`, `{"a":[1,3]}`},
		"replace a member":         {`{"a":{"b":1}}`, `{"op":"replace","path":"/a/b","value":[2]}`, `{"a":{"b":[2]}}`},
		"replace an element":       {`[[1]]`, `{"op":"replace","path":"/0/0","value":"x"}`, `[["x"]]`},
		"replace the whole":        {`{"a":1}`, `{"op":"replace","path":"","value":{}}`, `{}`},
		"move, the vendor's way":   {`{"a":1,"b":{}}`, `{"op":"move","path":"/b/c","from_":"/a"}`, `{"b":{"c":1}}`},
		"move, the standard's way": {`[1,2,3]`, `{"op":"move","path":"/0","from":"/2"}`, `[3,1,2]`},
		"move to where it is":      {`{"a":1}`, `{"op":"move","path":"/a","from":"/a"}`, `{"a":1}`},
		"copy":                     {`{"a":{"b":[1,{"c":2}]}}`, `{"op":"copy","path":"/d","from":"/a"}`, `{"a":{"b":[1,{"c":2}]},"d":{"b":[1,{"c":2}]}}`},
		"copy of the whole":        {`{"a":1}`, `{"op":"copy","path":"/b","from":""}`, `{"a":1,"b":{"a":1}}`},
		"test of a string":         {`{"a":"x"}`, `{"op":"test","path":"/a","value":"x"}`, `{"a":"x"}`},
		"test of numbers":          {`{"a":1.0}`, `{"op":"test","path":"/a","value":1}`, `{"a":1.0}`},
		"test of everything":       {`{"a":[true,null,{"b":2}]}`, `{"op":"test","path":"","value":{"a":[true,null,{"b":2e0}]}}`, `{"a":[true,null,{"b":2}]}`},
		"append":                   {`{"a":"x"}`, `{"op":"concat_string","path":"/a","value":"y"}`, `{"a":"xy"}`},
		"append to an element":     {`["x"]`, `{"op":"concat_string","path":"/0","value":"y"}`, `["xy"]`},
		"append to nothing":        {`{}`, `{"op":"concat_string","path":"/a","value":"y"}`, `{"a":"y"}`},
		"append to null":           {`{"a":null}`, `{"op":"concat_string","path":"/a","value":"y"}`, `{"a":"y"}`},
		"append nothing":           {`{}`, `{"op":"concat_string","path":"/a","value":""}`, `{"a":""}`},
		"increment":                {`{"a":1}`, `{"op":"inc","path":"/a","value":-3}`, `{"a":-2}`},
		"increment by zero":        {`{"a":1}`, `{"op":"inc","path":"/a","value":0}`, `{"a":1}`},
		"increment exactly":        {`{"a":9007199254740993}`, `{"op":"inc","path":"/a","value":2}`, `{"a":9007199254740995}`},
		"increment past integers":  {`{"a":9223372036854775807}`, `{"op":"inc","path":"/a","value":1}`, `{"a":9.223372036854776e+18}`},
		"increment by a fraction":  {`{"a":1}`, `{"op":"inc","path":"/a","value":0.5}`, `{"a":1.5}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := patched(t, c.document, c.delta)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "document", got, c.want)
		})
	}
}

func TestDeltasThatCannotBeApplied(t *testing.T) {
	for name, c := range map[string]struct{ document, delta, want string }{
		"an unknown operation":       {`{}`, `{"op":"merge","path":"","value":{}}`, "operation is unknown"},
		"a path without a slash":     {`{}`, `{"op":"add","path":"a","value":1}`, "does not begin with a slash"},
		"a bad escape":               {`{}`, `{"op":"add","path":"/a~2","value":1}`, "neither 0 nor 1"},
		"a bad escape at the end":    {`{}`, `{"op":"add","path":"/a~","value":1}`, "neither 0 nor 1"},
		"a path too deep":            {`{}`, fmt.Sprintf(`{"op":"remove","path":%q}`, strings.Repeat("/a", 200)), "nested too deep"},
		"no value":                   {`{}`, `{"op":"add","path":"/a"}`, "value is missing"},
		"a missing parent":           {`{}`, `{"op":"add","path":"/a/b","value":1}`, "nothing at the path"},
		"a string for a parent":      {`{"a":"x"}`, `{"op":"add","path":"/a/b","value":1}`, "holds no others"},
		"through a string":           {`{"a":"x"}`, `{"op":"add","path":"/a/b/c","value":1}`, "holds no others"},
		"an index that is none":      {`[]`, `{"op":"add","path":"/x","value":1}`, `"x" is no index`},
		"a leading zero":             {`[1,2]`, `{"op":"add","path":"/01","value":1}`, `"01" is no index`},
		"a negative index":           {`[1]`, `{"op":"remove","path":"/-1"}`, `"-1" is no index`},
		"an index too high":          {`[1]`, `{"op":"add","path":"/2","value":1}`, "nothing at the path"},
		"an element after the last":  {`[1]`, `{"op":"replace","path":"/1","value":1}`, "nothing at the path"},
		"the end is no element":      {`[1]`, `{"op":"remove","path":"/-"}`, "is no index"},
		"replace of nothing":         {`{}`, `{"op":"replace","path":"/a","value":1}`, "nothing at the path"},
		"remove of nothing":          {`{}`, `{"op":"remove","path":"/a"}`, "nothing at the path"},
		"remove of the whole":        {`{}`, `{"op":"remove","path":""}`, "cannot be removed as a whole"},
		"move of nothing":            {`{}`, `{"op":"move","path":"/b","from":"/a"}`, "nothing at the path"},
		"move of nothing to itself":  {`{}`, `{"op":"move","path":"/a","from":"/a"}`, "nothing at the path"},
		"move into itself":           {`{"a":{}}`, `{"op":"move","path":"/a/b","from":"/a"}`, "moved into itself"},
		"move from a bad path":       {`{}`, `{"op":"move","path":"/a","from":"b"}`, "does not begin with a slash"},
		"copy of nothing":            {`{}`, `{"op":"copy","path":"/b","from":"/a"}`, "nothing at the path"},
		"copy from a bad path":       {`{}`, `{"op":"copy","path":"/a","from":"b"}`, "does not begin with a slash"},
		"test of another string":     {`{"a":"x"}`, `{"op":"test","path":"/a","value":"y"}`, "another value"},
		"test of another type":       {`{"a":"1"}`, `{"op":"test","path":"/a","value":1}`, "another value"},
		"test of another number":     {`{"a":1}`, `{"op":"test","path":"/a","value":2}`, "another value"},
		"test of a number as string": {`{"a":1}`, `{"op":"test","path":"/a","value":"1"}`, "another value"},
		"test of another list":       {`{"a":[1]}`, `{"op":"test","path":"/a","value":[2]}`, "another value"},
		"test of a list as object":   {`{"a":{}}`, `{"op":"test","path":"/a","value":[]}`, "another value"},
		"test of another member":     {`{"a":{"b":1}}`, `{"op":"test","path":"/a","value":{"c":1}}`, "another value"},
		"test of nothing":            {`{}`, `{"op":"test","path":"/a","value":null}`, "nothing at the path"},
		"append null":                {`{"a":"x"}`, `{"op":"concat_string","path":"/a","value":null}`, "value is no string"},
		"append a number":            {`{"a":"x"}`, `{"op":"concat_string","path":"/a","value":1}`, "value is no string"},
		"append to a number":         {`{"a":1}`, `{"op":"concat_string","path":"/a","value":"x"}`, "what stands there is no string"},
		"append below nothing":       {`{}`, `{"op":"concat_string","path":"/a/b","value":"x"}`, "nothing at the path"},
		"append past a list":         {`["x"]`, `{"op":"concat_string","path":"/1","value":"x"}`, "nothing at the path"},
		"append to the message":      {`{}`, `{"op":"concat_string","path":"","value":"x"}`, "what stands there is no string"},
		"increment of nothing":       {`{}`, `{"op":"inc","path":"/a","value":1}`, "nothing at the path"},
		"increment of a string":      {`{"a":"1"}`, `{"op":"inc","path":"/a","value":1}`, "only numbers"},
		"increment by a string":      {`{"a":1}`, `{"op":"inc","path":"/a","value":"1"}`, "only numbers"},
		"increment out of range":     {`{"a":1e308}`, `{"op":"inc","path":"/a","value":1e308}`, "out of range"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := patched(t, c.document, c.delta)
			if err == nil {
				t.Fatalf("no error, but %s", got)
			}
			contains(t, "error", err.Error(), c.want)
		})
	}
}

func TestDeltaValueThatIsNoJSON(t *testing.T) {
	p := newPatchable(map[string]any{}, &budget{})
	if p.apply(Delta{Op: OpAdd, Path: "/a", Value: json.RawMessage("{")}) == nil {
		t.Error("no error")
	}
}

func TestDeltaOfAnotherType(t *testing.T) {
	var d Delta
	if json.Unmarshal([]byte(`{"op":7}`), &d) == nil {
		t.Error("no error")
	}
}

func TestCopiesOfAppendedTextStandAlone(t *testing.T) {
	got, err := patched(t, `{"a":"x"}`,
		`{"op":"concat_string","path":"/a","value":"y"}`,
		`{"op":"test","path":"/a","value":"xy"}`,
		`{"op":"copy","path":"/b","from":"/a"}`,
		`{"op":"concat_string","path":"/a","value":"1"}`,
		`{"op":"concat_string","path":"/b","value":"2"}`,
		`{"op":"move","path":"/c","from":"/a"}`)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "document", got, `{"b":"xy2","c":"xy1"}`)
}

func TestDeltasOfAHostileServer(t *testing.T) {
	text := fmt.Sprintf("%q", strings.Repeat("x", 1<<10))
	lists := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	for name, c := range map[string]struct {
		document string
		deltas   []string
		want     error
	}{
		"nesting in one value": {`{}`, []string{`{"op":"add","path":"/a","value":` + lists(maxDepth) + `}`}, errTooDeep},
		"nesting step by step": {`{"a":{}}`, []string{
			`{"op":"add","path":"/b","value":{}}`,
			`{"op":"move","path":"/b/a","from":"/a"}`,
			`{"op":"move","path":"/a","from":"/b"}`}, errTooDeep},
		"copies of copies": {`{"a":` + text + `}`, []string{
			`{"op":"copy","path":"/b","from":""}`,
			`{"op":"copy","path":"/c","from":""}`}, errTooMuch},
		"text without end":    {`{}`, []string{`{"op":"concat_string","path":"/a","value":` + text + `}`}, errTooMuch},
		"members without end": {`{}`, []string{`{"op":"copy","path":"/%d` + text[1:len(text)-1] + `","from":"/a"}`, `{"op":"add","path":"/a","value":1}`}, errTooMuch},
		"lists without end":   {`{"a":[]}`, []string{`{"op":"add","path":"/a/-","value":[[],[],[]]}`}, errTooMuch},
		"values without end":  {`{"a":1}`, []string{`{"op":"replace","path":"/a","value":` + lists(3) + `}`, `{"op":"replace","path":"/a","value":[` + text + strings.Repeat(","+text, 1000) + `]}`}, errTooMuch},
	} {
		t.Run(name, func(t *testing.T) {
			root, err := parseDocument([]byte(c.document))
			if err != nil {
				t.Fatal(err)
			}
			p := newPatchable(root, &budget{used: maxTranscriptBytes - 1<<20})
			for i := 0; err == nil && i < 10000; i++ {
				wire := strings.Replace(c.deltas[i%len(c.deltas)], "%d", fmt.Sprint(i), 1)
				var d Delta
				if err := json.Unmarshal([]byte(wire), &d); err != nil {
					t.Fatal(err)
				}
				if err = p.apply(d); errors.Is(err, errMissing) {
					err = nil
				}
			}
			if !errors.Is(err, c.want) {
				t.Errorf("ended with %v, want %v", err, c.want)
			}
			if held, _ := measure(p.document(), maxDepth); held > 2<<20 {
				t.Errorf("%d bytes are held", held)
			}
		})
	}
}

// TestBudgetIsGivenBack applies deltas that leave things as they were.
func TestBudgetIsGivenBack(t *testing.T) {
	p := newPatchable(map[string]any{}, &budget{})
	for _, round := range []Delta{
		{Op: OpAdd, Path: "/a", Value: json.RawMessage(`{"b":["x",1]}`)},
		{Op: OpAdd, Path: "/a", Value: json.RawMessage(`{"c":[[]]}`)},
		{Op: OpReplace, Path: "/a/c/0", Value: json.RawMessage(`"text"`)},
		{Op: OpConcatString, Path: "/a/c/0", Value: json.RawMessage(`" and more"`)},
		{Op: OpConcatString, Path: "/a/c/0", Value: json.RawMessage(`"."`)},
		{Op: OpConcatString, Path: "/a/d", Value: json.RawMessage(`"new"`)},
		{Op: OpCopy, Path: "/b", From: "/a"},
		{Op: OpMove, Path: "/c", From: "/a"},
		{Op: OpRemove, Path: "/b/c/0"},
		{Op: OpRemove, Path: "/b"},
		{Op: OpRemove, Path: "/c"},
	} {
		if err := p.apply(round); err != nil {
			t.Fatal(err)
		}
		held, _ := measure(p.document(), maxDepth)
		equal(t, round.Op+" "+round.Path, p.budget.used, held-nodeBytes) // the root was there before
	}
	equal(t, "in the end", p.budget.used, 0)
}
