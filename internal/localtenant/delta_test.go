package localtenant_test

import (
	"fmt"
	"strconv"
	"strings"
)

// assemble applies the deltas of a stream and gives its messages in order.
func assemble(events []sseEvent) ([]object, error) {
	var messages []object
	byID := map[string]object{}
	for _, event := range events {
		id, _ := event.data["message_id"].(string)
		switch event.data["event_type"] {
		case "message_begin":
			byID[id] = object{}
			messages = append(messages, byID[id])
		case "message_content":
			if err := applyDelta(byID[id], event.data["delta"].(object)); err != nil {
				return nil, err
			}
		}
	}
	return messages, nil
}

// applyDelta reads the three forms of path there are: /field, /content/i and
// /content/i/field.
func applyDelta(message, delta object) error {
	steps := strings.Split(delta["path"].(string), "/")[1:]
	if len(steps) == 1 {
		return applyToField(message, steps[0], delta)
	}
	list, ok := message["content"].([]any)
	index, err := strconv.Atoi(steps[1])
	if !ok || err != nil || steps[0] != "content" {
		return fmt.Errorf("no place %v in the message", delta["path"])
	}
	switch {
	case len(steps) == 2 && delta["op"] == "add" && index == len(list):
		message["content"] = append(list, delta["value"])
		return nil
	case len(steps) == 3 && index < len(list):
		return applyToField(list[index].(object), steps[2], delta)
	}
	return fmt.Errorf("%v at %v with %d items", delta["op"], delta["path"], len(list))
}

func applyToField(fields object, name string, delta object) error {
	_, exists := fields[name]
	switch delta["op"] {
	case "add":
		fields[name] = delta["value"]
	case "replace":
		if !exists {
			return fmt.Errorf("replace of missing %v", delta["path"])
		}
		fields[name] = delta["value"]
	case "concat_string":
		text, _ := fields[name].(string)
		fields[name] = text + delta["value"].(string)
	default:
		return fmt.Errorf("operation %v is not known", delta["op"])
	}
	return nil
}
