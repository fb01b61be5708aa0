package restclient

import (
	"context"
	"errors"
	"io"
	"mime"
	"slices"
	"strings"
)

// Download is a file on its way: an [io.Reader] over its bytes, which are never
// held in memory together. Close it when done with it: an open download holds a
// connection. Reading ends with [io.EOF] only when all of it has come; otherwise
// the error is as that of a [Stream].
type Download struct {
	*flow
	// Name is the name the server gives the file, without any directory; empty if
	// it gives none.
	Name        string
	ContentType string // as the server sends it
	Size        int64  // -1 if the server does not tell
}

// MediaType is the ContentType in lower case, without parameters.
func (d *Download) MediaType() string {
	mediaType, _, _ := mime.ParseMediaType(d.ContentType)
	return mediaType
}

// Read reads the next bytes.
func (d *Download) Read(p []byte) (int, error) {
	n, err := d.readBody(p)
	if err != nil && err != io.EOF {
		err = d.explain(d.client.connectionError(d.req, err))
	}
	return n, err
}

// Close ends the download. It may be called more than once.
func (d *Download) Close() error { return d.close() }

// download opens a file, repeating that after the retry policy; what has begun
// to come is not asked for again. An answer of an unwanted media type is a page
// that stands in the way.
func (c *Client) download(ctx context.Context, req request, unwanted ...string) (*Download, error) {
	req.accept = "*/*"
	d := &Download{}
	err := c.retry.do(ctx, func() (err error) {
		d.flow, err = c.openFlow(ctx, req, func(ctx context.Context) (io.ReadCloser, error) {
			return c.openFile(ctx, req, d, unwanted)
		})
		return err
	})
	if err != nil {
		return nil, preferContext(ctx, req, err)
	}
	return d, nil
}

func (c *Client) openFile(ctx context.Context, req request, d *Download, unwanted []string) (io.ReadCloser, error) {
	response, err := c.open(ctx, req)
	if err != nil {
		return nil, err
	}
	_, disposition, _ := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
	d.Name = baseName(disposition["filename"])
	d.ContentType, d.Size = response.Header.Get("Content-Type"), response.ContentLength
	if slices.Contains(unwanted, d.MediaType()) {
		defer discard(response.Body)
		body, _ := readAll(response.Body, maxErrorBytes)
		return nil, c.responseError(req, response, body, errors.New("it is not the file"))
	}
	return response.Body, nil
}

// baseName is the last part of a name, wherever it was made: what a server says
// must not choose a directory here.
func baseName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = clip(name, maxExcerptBytes)
	if name == "." || name == ".." {
		return ""
	}
	return name
}
