package threadfiles

import (
	"bufio"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"sema4mcp/internal/localtenant/store"
)

// sniffedBytes is how much of a file http.DetectContentType looks at.
const sniffedBytes = 512

const unknownType = "application/octet-stream"

// byExtension are the types of files that people give to agents; what else the
// system knows is not the same everywhere.
var byExtension = map[string]string{
	".csv":  "text/csv",
	".doc":  "application/msword",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".html": "text/html",
	".jpeg": "image/jpeg",
	".jpg":  "image/jpeg",
	".json": "application/json",
	".md":   "text/markdown",
	".pdf":  "application/pdf",
	".png":  "image/png",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".tab":  "text/tab-separated-values",
	".tsv":  "text/tab-separated-values",
	".txt":  "text/plain",
	".xls":  "application/vnd.ms-excel",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".xml":  "application/xml",
	".yaml": "application/yaml",
	".yml":  "application/yaml",
	".zip":  "application/zip",
}

// Sniff tells the media type of a file: what its sender says, if that is one, or
// what its name or first bytes tell. It gives the content anew, since it has read of
// it; an error of content comes when that is read.
func Sniff(sent, name string, content io.Reader) (mimeType string, whole io.Reader) {
	buffered := bufio.NewReaderSize(content, sniffedBytes)
	begin, _ := buffered.Peek(sniffedBytes)
	return mediaType(sent, name, begin), buffered
}

func mediaType(sent, name string, begin []byte) string {
	if plain, parameters, err := mime.ParseMediaType(sent); err == nil && plain != unknownType && strings.Contains(plain, "/") {
		if formatted := mime.FormatMediaType(plain, parameters); formatted != "" {
			return formatted
		}
	}
	if known, ok := byExtension[strings.ToLower(path.Ext(name))]; ok {
		return known
	}
	return http.DetectContentType(begin)
}

// isTable tells whether a file has comma-separated values.
func isTable(file store.File) bool {
	plain, _, _ := strings.Cut(file.MIMEType, ";")
	switch plain {
	case "text/csv", "application/csv", "text/tab-separated-values":
		return true
	}
	switch strings.ToLower(path.Ext(file.Ref)) {
	case ".csv", ".tsv", ".tab":
		return true
	}
	return false
}
