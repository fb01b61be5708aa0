package faults

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// directives read the value of each directive into a fault. The error says what
// the value should look like.
var directives = map[string]func(f *Fault, value string) error{
	"latency":     func(f *Fault, value string) error { return duration(value, &f.Latency) },
	"status":      func(f *Fault, value string) error { return f.answer(value) },
	"html":        func(f *Fault, value string) error { f.HTML = true; return f.answer(value) },
	"retry-after": func(f *Fault, value string) error { return duration(value, &f.RetryAfter) },
	"cut":         func(f *Fault, value string) error { return f.cut(value) },
	"stall":       func(f *Fault, value string) error { return f.stall(value) },
	"garbage":     func(f *Fault, value string) error { return event(value, 1, &f.Garbage) },
	"unknown-op":  func(f *Fault, value string) error { return event(value, 1, &f.UnknownOp) },
	"match":       func(f *Fault, value string) error { return f.match(value) },
	"times":       func(f *Fault, value string) error { return whole(value, 1, &f.Times) },
}

// Parse reads a fault: see the package comment. The error names the directive
// that is wrong and says what is allowed.
func Parse(text string) (Fault, error) {
	var f Fault
	given := map[string]bool{}
	for directive := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		read, ok := directives[name]
		if !ok {
			return Fault{}, fmt.Errorf("no fault is called %q; use %s", name, strings.Join(slices.Sorted(maps.Keys(directives)), ", "))
		}
		if given[name] {
			return Fault{}, fmt.Errorf("%s is given twice", name)
		}
		given[name] = true
		if err := read(&f, value); err != nil {
			return Fault{}, fmt.Errorf("%s=%s: %w", name, value, err)
		}
	}
	if given["status"] && given["html"] {
		return Fault{}, fmt.Errorf("status and html exclude each other")
	}
	if f.RetryAfter > 0 && f.Status == 0 {
		return Fault{}, fmt.Errorf("retry-after needs status or html beside it")
	}
	return f, nil
}

func (f *Fault) answer(value string) error {
	code, option, _ := strings.Cut(value, ";")
	status, err := strconv.Atoi(code)
	if err != nil || status < 400 || status > 599 || option != "" && option != "store" {
		return fmt.Errorf("use a status from 400 to 599, such as 503, or 503;store")
	}
	f.Status, f.Store = status, option == "store"
	return nil
}

func (f *Fault) cut(value string) error {
	point, number, numbered := strings.Cut(value, ":")
	f.Cut.Where = CutPoint(point)
	switch {
	case f.Cut.Where == CutAfterEvent && numbered:
		return whole(number, 0, &f.Cut.Event)
	case f.Cut.Where == CutInsideEvent && numbered:
		return whole(number, 1, &f.Cut.Event)
	case (f.Cut.Where == CutBody || f.Cut.Where == CutHeaders) && !numbered:
		return nil
	}
	return fmt.Errorf("use headers, body, event:N or mid-event:N")
}

func (f *Fault) stall(value string) error {
	after, length, ok := strings.Cut(value, ";")
	if !ok {
		return fmt.Errorf("use event:N;30s")
	}
	if err := event(after, 0, &f.Stall.AfterEvent); err != nil {
		return err
	}
	return duration(length, &f.Stall.For)
}

func (f *Fault) match(value string) error {
	method, path, ok := strings.Cut(value, " ")
	if !ok {
		method, path = "", value
	}
	for _, anything := range []string{"…", "...", "*"} {
		path = strings.TrimPrefix(path, anything)
	}
	if !strings.HasPrefix(path, "/") || ok && !slices.Contains(requestMethods, method) {
		return fmt.Errorf("use the end of a path, after a method if you like, such as POST …/stream")
	}
	f.Method, f.Suffix = method, strings.TrimSuffix(path, "/")
	return nil
}

var requestMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

func event(value string, least int, into *int) error {
	number, ok := strings.CutPrefix(value, "event:")
	if !ok {
		return fmt.Errorf("use event:N")
	}
	return whole(number, least, into)
}

func whole(value string, least int, into *int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < least {
		return fmt.Errorf("use a whole number from %d on", least)
	}
	*into = n
	return nil
}

func duration(value string, into *time.Duration) error {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return fmt.Errorf("use a positive duration, such as 200ms or 2s")
	}
	*into = d
	return nil
}
