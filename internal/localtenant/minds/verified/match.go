package verified

import (
	"math"
	"slices"
	"time"
)

// threshold is the likeness from which a question is taken to ask for a query.
// Below it, an honest "I do not know" serves the user better.
const threshold = 0.55

// ignoredEntity is what a query loses in likeness for each value of the question
// it has no parameter for: its answer would be to another question.
const ignoredEntity = 0.3

// knowledge is a model made ready for matching.
type knowledge struct {
	model        Model
	vocabulary   vocabulary
	enumerations []enumeration
	questions    [][]string         // tokens, by query
	weights      map[string]float64 // rare tokens weigh more
}

func newKnowledge(m Model, now time.Time) *knowledge {
	k := &knowledge{model: m, vocabulary: newVocabulary(m), weights: map[string]float64{}}
	for _, table := range m.Tables {
		for _, dimension := range table.Dimensions {
			if e, ok := newEnumeration(dimension); ok && dimension.IsEnum {
				k.enumerations = append(k.enumerations, e)
			}
		}
	}
	for _, query := range m.VerifiedQueries {
		tokens := distinct(k.analyse(query.NLQ, now).tokens)
		k.questions = append(k.questions, tokens)
		for _, token := range tokens {
			k.weights[token]++
		}
	}
	for token, count := range k.weights {
		k.weights[token] = math.Log(1 + float64(len(k.questions))/count)
	}
	return k
}

// weight of a token; one that no query knows weighs as much as the rarest.
func (k *knowledge) weight(token string) float64 {
	if w, ok := k.weights[token]; ok {
		return w
	}
	return math.Log(1 + float64(len(k.questions)))
}

// match is a query chosen for a question.
type match struct {
	query     VerifiedQuery
	values    map[string]any // by parameter; nil is NULL
	defaulted []string       // parameters that have their example value
	likeness  float64
}

// find gives the query most like the question, if one is like enough.
func (k *knowledge) find(question analysis) (match, bool) {
	var best match
	for i, query := range k.model.VerifiedQueries {
		if m := k.compare(question, query, k.questions[i]); m.likeness > best.likeness {
			best = m
		}
	}
	return best, best.likeness >= threshold
}

// compare gives the share of weight that question and query have in common
// (Sørensen-Dice), less what the query would ignore.
func (k *knowledge) compare(question analysis, query VerifiedQuery, wanted []string) match {
	m := match{query: query, values: map[string]any{}}
	asked := distinct(question.tokens)
	entities := cloneEntities(question.entities)
	for _, p := range query.Parameters {
		value, kind, ok := bind(p, entities)
		m.values[p.Name] = value
		switch {
		case !ok && p.ExampleValue != nil:
			m.values[p.Name] = example(p)
			m.defaulted = append(m.defaulted, p.Name)
		case ok && p.ExampleValue == nil:
			// The query takes it but does not ask for it: not a difference.
			asked = slices.DeleteFunc(asked, func(token string) bool { return token == placeholder(kind) })
		}
	}
	m.likeness = k.dice(asked, wanted)
	for _, e := range entities {
		if !e.used {
			m.likeness -= ignoredEntity
		}
	}
	return m
}

func (k *knowledge) dice(a, b []string) float64 {
	var common, all float64
	for _, token := range a {
		all += k.weight(token)
		if slices.Contains(b, token) {
			common += k.weight(token)
		}
	}
	for _, token := range b {
		all += k.weight(token)
	}
	if all == 0 {
		return 0
	}
	return 2 * common / all
}

// bind uses up the first entity that fits a parameter.
func bind(p Parameter, entities []*entity) (value any, kind string, ok bool) {
	for _, e := range entities {
		if e.used {
			continue
		}
		if value, ok := e.fit(p); ok {
			e.used = true
			return value, e.kind, true
		}
	}
	return nil, "", false
}

// example is the example value of a parameter; JSON has made an integer a float.
func example(p Parameter) any {
	if f, ok := p.ExampleValue.(float64); ok && p.DataType == "INTEGER" {
		return int64(f)
	}
	return p.ExampleValue
}

func cloneEntities(entities []*entity) []*entity {
	clones := make([]*entity, len(entities))
	for i, e := range entities {
		clone := *e
		clones[i] = &clone
	}
	return clones
}

func distinct(tokens []string) []string {
	tokens = slices.Clone(tokens)
	slices.Sort(tokens)
	return slices.Compact(tokens)
}
