package bridge

import (
	"context"
	"errors"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"sema4mcp/restclient"
)

// changing has a tool that failed say whether something was changed.
func changing(call func(context.Context, arguments) (*mcp.CallToolResult, error)) func(context.Context, arguments) (*mcp.CallToolResult, error) {
	return func(ctx context.Context, args arguments) (*mcp.CallToolResult, error) {
		result, err := call(ctx, args)
		if err != nil {
			return nil, unchanged(err)
		}
		return result, nil
	}
}

// nothingChanged is what a change that failed has to say of its subject.
const nothingChanged = "Nothing was changed."

func unchanged(err error) error {
	f := failureOf(err, "")
	switch {
	case f.ran != "":
	case maybeArrived(err):
		f.ran, f.next = "It is not known whether the change was made.", "Look how things stand before you call again."
	default:
		f.ran = nothingChanged
	}
	return f
}

// maybeArrived tells that a request that failed may have been carried out.
func maybeArrived(err error) bool {
	if lost, ok := errors.AsType[*restclient.ConnectionError](err); ok {
		return !lost.NotSent
	}
	if answer, ok := errors.AsType[*restclient.APIError](err); ok {
		return answer.StatusCode >= http.StatusInternalServerError
	}
	_, unread := errors.AsType[*restclient.ResponseError](err)
	return unread || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// onlyUnread tells that a change was made and only what came of it could not be
// read: the request that failed was no change.
func onlyUnread(err error) bool {
	if answer, ok := errors.AsType[*restclient.APIError](err); ok {
		return answer.Method == http.MethodGet
	}
	if answer, ok := errors.AsType[*restclient.ResponseError](err); ok {
		return answer.Method == http.MethodGet
	}
	lost, ok := errors.AsType[*restclient.ConnectionError](err)
	return ok && lost.Method == http.MethodGet
}

// isNotFound tells that the tenant does not know what was asked for; that there is
// no tenant where it was asked is another matter.
func isNotFound(err error) bool {
	answer, ok := errors.AsType[*restclient.APIError](err)
	return ok && answer.StatusCode == http.StatusNotFound && !answer.Foreign
}

func isStatus(err error, status int) bool {
	answer, ok := errors.AsType[*restclient.APIError](err)
	return ok && answer.StatusCode == status
}
