package checks

import (
	"fmt"
	"strings"
)

// finding is what a check has found.
type finding struct{ check, text string }

// decisionQuestion is how the mind asks for a decision, and knows later that it
// has asked.
const decisionQuestion = "Please decide: write “approve” or “reject”, with your reason."

func allClear(book Runbook) string {
	var out strings.Builder
	out.WriteString("I found nothing against it. I have checked:\n\n")
	for _, check := range book.Checks {
		fmt.Fprintf(&out, "- %s\n", check.Title)
	}
	return out.String()
}

func listed(findings []finding) string {
	var out strings.Builder
	if len(findings) == 1 {
		out.WriteString("I cannot pass this; one thing speaks against it:\n\n")
	} else {
		fmt.Fprintf(&out, "I cannot pass this; %d things speak against it:\n\n", len(findings))
	}
	for _, f := range findings {
		fmt.Fprintf(&out, "- %s (%s)\n", f.text, f.check)
	}
	return out.String()
}

func recorded(d decision) string {
	return fmt.Sprintf("Recorded: %s by the user.\n\n> %s", d.verdict, strings.ReplaceAll(d.reason, "\n", "\n> "))
}

// payloadQuestion asks for what is missing.
func payloadQuestion(book Runbook, given bool, faults []string) string {
	var out strings.Builder
	if given {
		out.WriteString("The payload cannot be checked:\n\n")
		for _, fault := range faults {
			fmt.Fprintf(&out, "- %s\n", fault)
		}
		out.WriteString("\nPlease send all of it again as a JSON object.")
		return out.String()
	}
	out.WriteString("Please send a JSON object with these fields:\n\n")
	for _, field := range book.Fields {
		fmt.Fprintf(&out, "- `%s` (%s): %s\n", field.Name, field.Kind, field.Description)
	}
	return out.String()
}
