package scripted

import (
	"context"
	"regexp"
	"time"

	"sema4mcp/internal/localtenant/minds"
)

// pacer spreads words evenly over a time. It counts from when the pace was set,
// so that what else takes time does not make the whole longer.
type pacer struct {
	start  time.Time
	length time.Duration
	total  int
	said   int
}

// wait waits until the next word is due; the last one is due when the time is up.
func (p *pacer) wait(ctx context.Context) error {
	p.said++
	due := p.start.Add(time.Duration(float64(p.length) * float64(p.said) / float64(p.total)))
	return minds.Pause(ctx, time.Until(due))
}

// setPace spreads the words of the steps over a time.
func (p *performance) setPace(length time.Duration, following []Step) {
	p.pacer = nil
	if total, _ := p.countWords(following); length > 0 && total > 0 {
		p.pacer = &pacer{start: time.Now(), length: length, total: total}
	}
}

// countWords counts the words the steps will say, up to the next pace; ended
// tells that there is one.
func (p *performance) countWords(steps []Step) (count int, ended bool) {
	for _, step := range steps {
		switch step := step.(type) {
		case paceStep:
			return count, true
		case sayStep:
			count += len(words(p.text(step.text)))
		case repeatStep:
			inside, ended := p.countWords(step.steps)
			if ended {
				return count + inside, true
			}
			count += inside * step.times
		}
	}
	return count, false
}

var word = regexp.MustCompile(`^\s+$|\s*\S+\s*`)

// words cuts a text into words that keep the blanks around them.
func words(text string) []string { return word.FindAllString(text, -1) }
