package exchange

import (
	"context"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

var (
	_ server.SessionWithSampling = (*Exchange)(nil)
	_ server.SessionWithRoots    = (*Exchange)(nil)
)

var (
	modelQuestion = question{mcp.MethodSamplingCreateMessage, "ask its model"}
	rootsQuestion = question{mcp.MethodListRoots, "list its roots"}
)

// ErrSamplingNotSupported is for a client whose model cannot be asked; mcp-go has
// such an error for the other questions alone.
var ErrSamplingNotSupported = errors.New("session does not support sampling")

// RequestSampling has the model of a client from before 2026-07-28 answer, in the
// way of [Exchange.RequestElicitation]. The content of the result is an
// [mcp.Content] or a list of them. [ErrSamplingNotSupported] is for a client that
// has not declared sampling, or cannot be asked in the midst of a call.
func (x *Exchange) RequestSampling(ctx context.Context, request mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	if !x.asksInside() || x.GetClientCapabilities().Sampling == nil {
		return nil, ErrSamplingNotSupported
	}
	var result mcp.CreateMessageResult
	if err := x.ask(ctx, modelQuestion, request.CreateMessageParams, &result); err != nil {
		return nil, err
	}
	content, err := mcp.ParseSamplingContent(result.Content)
	if err != nil || content == nil {
		return nil, modelQuestion.unreadable()
	}
	result.Content = content
	return &result, nil
}

// ListRoots asks a client from before 2026-07-28 for its roots, in the way of
// [Exchange.RequestElicitation]. [server.ErrRootsNotSupported] is for a client
// that has not declared any, or cannot be asked in the midst of a call.
func (x *Exchange) ListRoots(ctx context.Context, _ mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	if !x.asksInside() || x.GetClientCapabilities().Roots == nil {
		return nil, server.ErrRootsNotSupported
	}
	var result mcp.ListRootsResult
	if err := x.ask(ctx, rootsQuestion, nil, &result); err != nil {
		return nil, err
	}
	if result.Roots == nil {
		return nil, rootsQuestion.unreadable()
	}
	return &result, nil
}
