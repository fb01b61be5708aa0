package scripted

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const maxRepeat = 100_000

// Parse reads the steps of a runbook. The error names the line.
func Parse(runbook string) ([]Step, error) {
	items := outline(runbook)
	if len(items) == 0 {
		return nil, errors.New("it has no steps; write them as list items, such as - say: Hello")
	}
	return parseItems(items)
}

func parseItems(items []*item) ([]Step, error) {
	steps := make([]Step, 0, len(items))
	for _, it := range items {
		step, err := parseItem(it)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	for i, step := range steps {
		if pace, ok := step.(paceStep); ok {
			pace.following = steps[i+1:]
			steps[i] = pace
		}
	}
	return steps, nil
}

func parseItem(it *item) (Step, error) {
	verb, value, _ := strings.Cut(it.text, ":")
	verb = strings.ToLower(strings.TrimSpace(verb))
	if head, count, ok := strings.Cut(verb, " "); ok && head == "repeat" {
		verb, value = head, count
	}
	if verb == "repeat" {
		return parseRepeat(it, value)
	}
	if len(it.children) > 0 {
		return nil, atLine(it.children[0].line, errors.New("only repeat has steps below it"))
	}
	step, err := parseStep(verb, strings.TrimPrefix(value, " "))
	if err != nil {
		return nil, atLine(it.line, err)
	}
	return step, nil
}

func parseStep(verb, value string) (Step, error) {
	switch verb {
	case "cut":
		return cutStep{}, nil
	case "next message":
		return nextStep{}, nil
	case "call":
		return parseCall(value)
	case "attach":
		return parseAttach(value)
	case "wait", "pace":
		return parseTimed(verb, value)
	}
	text, err := parseText(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", verb, err)
	}
	switch verb {
	case "say":
		return sayStep{text}, nil
	case "think":
		return thinkStep{text}, nil
	case "ask":
		return askStep{text}, nil
	case "fail":
		return failStep{text}, nil
	}
	return nil, fmt.Errorf("no step is called %q; use say, think, call, attach, ask, wait, pace, repeat, next message, cut or fail", verb)
}

func parseRepeat(it *item, value string) (Step, error) {
	times, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || times < 1 || times > maxRepeat {
		return nil, atLine(it.line, fmt.Errorf("repeat needs a whole number from 1 to %d, such as repeat 20", maxRepeat))
	}
	if len(it.children) == 0 {
		return nil, atLine(it.line, errors.New("repeat needs steps nested below it"))
	}
	steps, err := parseItems(it.children)
	return repeatStep{times, steps}, err
}

// parseCall reads `name {"arguments":1} => result` or `… !! error`.
func parseCall(value string) (Step, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	if name == "" {
		return nil, errors.New(`call needs the name of a tool, such as call: look_up {"id":7} => found`)
	}
	step := callStep{name: name}
	arguments := "{}"
	if rest = strings.TrimSpace(rest); strings.HasPrefix(rest, "{") {
		decoder := json.NewDecoder(strings.NewReader(rest))
		var object json.RawMessage
		if err := decoder.Decode(&object); err != nil {
			return nil, errors.New("call: the arguments must be a JSON object, with templates inside its strings alone")
		}
		arguments, rest = string(object), strings.TrimSpace(rest[decoder.InputOffset():])
	}
	outcome, finishes := strings.CutPrefix(rest, "=>")
	if !finishes {
		outcome, step.fails = strings.CutPrefix(rest, "!!")
	}
	if rest != "" && !finishes && !step.fails {
		return nil, fmt.Errorf("call: %q should be => and a result, or !! and an error", rest)
	}
	var err error
	if step.arguments, err = parseTemplate(arguments); err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	if step.result, err = parseText(strings.TrimSpace(outcome)); err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	return step, nil
}

func parseAttach(value string) (Step, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	mimeType, content, _ := strings.Cut(rest, " ")
	if name == "" || !strings.Contains(mimeType, "/") {
		return nil, errors.New("attach needs a name, a media type and the content, such as attach: note.txt text/plain Hello")
	}
	text, err := parseText(content)
	if err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	return attachStep{name, mimeType, text}, nil
}

func parseTimed(verb, value string) (Step, error) {
	length, err := parseTemplate(strings.TrimSpace(value))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", verb, err)
	}
	// A time that does not depend on the message is checked now.
	if _, err := parseDuration(length.expand(values{}, plain)); err != nil {
		return nil, fmt.Errorf("%s: %w", verb, err)
	}
	if verb == "wait" {
		return waitStep{length}, nil
	}
	return paceStep{length: length}, nil
}

// parseText reads a text that may be a JSON string in quotes.
func parseText(value string) (template, error) {
	if quoted := strings.TrimSpace(value); strings.HasPrefix(quoted, `"`) && strings.HasSuffix(quoted, `"`) {
		var text string
		if json.Unmarshal([]byte(quoted), &text) == nil {
			value = text
		}
	}
	return parseTemplate(value)
}

func atLine(line int, err error) error {
	return fmt.Errorf("line %d: %w", line, err)
}
