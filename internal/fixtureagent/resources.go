package fixtureagent

import (
	"context"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func resources() []server.ServerResource {
	return []server.ServerResource{
		{Resource: mcp.NewResource("test://static-text", "static-text", mcp.WithResourceDescription("A text."), mcp.WithMIMEType("text/plain")),
			Handler: func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return []mcp.ResourceContents{mcp.TextResourceContents{
					URI: "test://static-text", MIMEType: "text/plain", Text: "This is the content of the static text resource."}}, nil
			}},
		{Resource: mcp.NewResource("test://static-binary", "static-binary", mcp.WithResourceDescription("An image."), mcp.WithMIMEType("image/png")),
			Handler: func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return []mcp.ResourceContents{mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png", Blob: picture}}, nil
			}},
	}
}

func template() server.ServerResourceTemplate {
	const before, after = "test://template/", "/data"
	return server.ServerResourceTemplate{
		Template: mcp.NewResourceTemplate(before+"{id}"+after, "template", mcp.WithTemplateDescription("Data of an id."), mcp.WithTemplateMIMEType("application/json")),
		Handler: func(_ context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			id := strings.TrimSuffix(strings.TrimPrefix(request.Params.URI, before), after)
			return []mcp.ResourceContents{mcp.TextResourceContents{URI: request.Params.URI, MIMEType: "application/json",
				Text: text(map[string]any{"id": id, "templateTest": true, "data": "Data for ID: " + id})}}, nil
		},
	}
}
