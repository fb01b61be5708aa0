package restclient

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parsePointer splits a JSON Pointer (RFC 6901) into its unescaped steps. The
// first is always "", the step to the whole document.
func parsePointer(pointer string) ([]string, error) {
	if pointer != "" && pointer[0] != '/' {
		return nil, errors.New("the path does not begin with a slash")
	}
	if strings.Count(pointer, "/") > maxDepth {
		return nil, errTooDeep
	}
	steps := strings.Split(pointer, "/")
	if !strings.Contains(pointer, "~") {
		return steps, nil
	}
	for i, step := range steps {
		if strings.Count(step, "~") != strings.Count(step, "~0")+strings.Count(step, "~1") {
			return nil, errors.New("a ~ in the path is followed by neither 0 nor 1")
		}
		steps[i] = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
	}
	return steps, nil
}

// place is one location in a document: a step into the value that holds it.
type place struct {
	holder *any
	step   string
}

// edit calls change with the place at the end of path. Everything before it must
// exist.
func (p *patchable) edit(path []string, change func(place) error) error {
	var holder any = p.holder
	return editIn(&holder, path, change)
}

// editIn puts each value back on its way out, since an array that has grown is
// another one.
func editIn(holder *any, path []string, change func(place) error) error {
	at := place{holder: holder, step: path[0]}
	if len(path) == 1 {
		return change(at)
	}
	inner, err := at.get()
	if err != nil {
		return err
	}
	if err := editIn(&inner, path[1:], change); err != nil {
		return err
	}
	return at.set(inner)
}

func (at place) inArray() bool {
	_, ok := (*at.holder).([]any)
	return ok
}

// keyBytes is what the name of a member takes; elements of arrays have none.
func (at place) keyBytes() int {
	if at.inArray() {
		return 0
	}
	return nodeBytes + len(at.step)
}

func (at place) get() (any, error) {
	switch holder := (*at.holder).(type) {
	case map[string]any:
		value, ok := holder[at.step]
		if !ok {
			return nil, errMissing
		}
		return value, nil
	case []any:
		i, err := at.index(len(holder) - 1)
		if err != nil {
			return nil, err
		}
		return holder[i], nil
	}
	return nil, errors.New("the path leads through a value that holds no others")
}

// set replaces an element of an array, or makes or replaces a member.
func (at place) set(value any) error {
	switch holder := (*at.holder).(type) {
	case map[string]any:
		holder[at.step] = value
		return nil
	case []any:
		i, err := at.index(len(holder) - 1)
		if err == nil {
			holder[i] = value
		}
		return err
	}
	return errors.New("the path leads through a value that holds no others")
}

// insert does what RFC 6902 calls add: it shifts the elements of an array.
func (at place) insert(value any) error {
	holder, ok := (*at.holder).([]any)
	if !ok {
		return at.set(value)
	}
	i := len(holder)
	if at.step != "-" {
		var err error
		if i, err = at.index(len(holder)); err != nil {
			return err
		}
	}
	*at.holder = slices.Insert(holder, i, value)
	return nil
}

// remove takes out what get has found.
func (at place) remove() {
	switch holder := (*at.holder).(type) {
	case map[string]any:
		delete(holder, at.step)
	case []any:
		i, _ := at.index(len(holder) - 1)
		*at.holder = slices.Delete(holder, i, i+1)
	}
}

// index reads the step as an index up to last, in the one spelling RFC 6901
// allows.
func (at place) index(last int) (int, error) {
	i, err := strconv.Atoi(at.step)
	if err != nil || strconv.Itoa(i) != at.step || i < 0 {
		return 0, fmt.Errorf("%q is no index of an array", clip(at.step, maxExcerptBytes))
	}
	if i > last {
		return 0, errMissing
	}
	return i, nil
}
