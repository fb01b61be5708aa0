package verified

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// fold makes texts equal that differ in case and accents alone.
func fold(text string) string {
	unaccent := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	plain, _, err := transform.String(unaccent, text)
	if err != nil {
		plain = text
	}
	return cases.Fold().String(plain)
}

// stem takes the plural off a folded word.
func stem(word string) string {
	switch {
	case len(word) > 4 && strings.HasSuffix(word, "ies"):
		return word[:len(word)-3] + "y"
	case len(word) < 4 || strings.HasSuffix(word, "ss") || strings.HasSuffix(word, "us") || strings.HasSuffix(word, "is"):
		return word
	}
	return strings.TrimSuffix(word, "s")
}

// stopWords say nothing about what is asked for.
var stopWords = setOf(`a about all also an and are as at be been by can could did display do does each every for from
	give had has have how i in is it let list many me much of on one our out over per please show since tell than that
	the their them then there these they this those to us was we were what which who will with would you your`)

// generalSynonyms are words any business uses for the same; a model adds its own.
var generalSynonyms = map[string]string{
	"avg": "average", "mean": "average", "typical": "average",
	"best": "top", "biggest": "top", "highest": "top", "largest": "top", "leading": "top", "most": "top", "strongest": "top",
	"monthly": "month", "yearly": "year", "annual": "year", "annually": "year",
	"overall": "total", "altogether": "total", "sum": "total",
	"without": "not", "no": "not", "never": "not",
}

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// vocabulary turns words into the one a model knows them by.
type vocabulary map[string]string

func newVocabulary(m Model) vocabulary {
	v := vocabulary{}
	for from, to := range generalSynonyms {
		v[stem(from)] = stem(to)
	}
	for _, table := range m.Tables {
		v.add(table.Name, table.Synonyms)
		for _, dimension := range table.Dimensions {
			v.add(dimension.Name, dimension.Synonyms)
		}
	}
	return v
}

func (v vocabulary) add(name string, synonyms []string) {
	for _, synonym := range synonyms {
		v[stem(fold(synonym))] = stem(fold(name))
	}
}

// tokens are the words of a folded text that carry meaning.
func (v vocabulary) tokens(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '<' && r != '>'
	})
	var tokens []string
	for _, word := range words {
		if stopWords[word] {
			continue
		}
		word = stem(word)
		if known, ok := v[word]; ok {
			word = known
		}
		tokens = append(tokens, word)
	}
	return tokens
}
