package csvframe

import "strings"

// sniffed is how much of a file is looked at to find its comma, in bytes.
const sniffed = 64 << 10

// commas are the characters that separate fields; where two are as likely, the
// first.
const commas = ",;\t|"

const sniffedLines = 20

// findComma chooses the character that stands equally often in the lines of a
// file, outside quotes.
func findComma(text string) rune {
	lines := countCommas(text)
	best, most := ',', 0
	for _, comma := range commas {
		same, first := 0, 0
		for i, line := range lines {
			if i == 0 {
				first = line[comma]
			}
			if line[comma] == first {
				same++
			}
		}
		// A header with the character counts for something even when the lines below
		// are ragged.
		if score := same * first; first > 0 && score > most {
			best, most = comma, score
		}
	}
	return best
}

// countCommas counts the candidates in each of the first lines.
func countCommas(text string) []map[rune]int {
	line := map[rune]int{}
	var lines []map[rune]int
	inQuotes, empty := false, true
	for _, c := range text {
		switch {
		case c == '"':
			inQuotes = !inQuotes
		case inQuotes:
		case c == '\n':
			if !empty {
				lines = append(lines, line)
			}
			line, empty = map[rune]int{}, true
			if len(lines) == sniffedLines {
				return lines
			}
			continue
		case strings.ContainsRune(commas, c):
			line[c]++
		}
		empty = empty && c == '\r'
	}
	if !empty {
		lines = append(lines, line)
	}
	return lines
}
