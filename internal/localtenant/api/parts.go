package api

import (
	"io"
	"mime/multipart"
	"net/http"
)

// maxUploadBody bounds a body with files, in bytes. Each file has a limit of its
// own besides, where it is kept.
const maxUploadBody = 1 << 30

// eachPart hands over the parts of a multipart body as they arrive; what take
// leaves unread of a part is passed over. The error is take's, or a 400 or 413.
func eachPart(r *http.Request, take func(*multipart.Part) error) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return &problem{status: http.StatusBadRequest, message: "The body is not multipart/form-data; send the file as a form does."}
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF { // a wrapped one says that the body was cut off
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		if err := take(part); err != nil {
			return err
		}
	}
}
