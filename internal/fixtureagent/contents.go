package fixtureagent

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// The smallest files of their kinds, in base64: one pixel, one silent sample.
const (
	picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
	sound   = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA=="
)

// contentTools return one kind of content each.
func contentTools() []server.ServerTool {
	image := mcp.NewImageContent(picture, "image/png")
	returning := func(name, description string, content ...mcp.Content) server.ServerTool {
		return tool(name, description, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: content}, nil
		})
	}
	embedded := func(uri, media, text string) mcp.Content {
		return mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: uri, MIMEType: media, Text: text})
	}
	return []server.ServerTool{
		returning("test_simple_text", "Returns a text.", mcp.NewTextContent("This is a simple text response for testing.")),
		returning("test_image_content", "Returns an image.", image),
		returning("test_audio_content", "Returns a sound.", mcp.NewAudioContent(sound, "audio/wav")),
		returning("test_embedded_resource", "Returns a resource with its content.",
			embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
		returning("test_multiple_content_types", "Returns a text, an image and a resource.",
			mcp.NewTextContent("Multiple content types test:"), image,
			embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`)),
		tool("test_error_handling", "Always fails.", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultError("This tool intentionally returns an error for testing"), nil
		}),
		{Tool: mcp.NewToolWithRawSchema("json_schema_2020_12_tool", "Takes arguments that only a schema of draft 2020-12 can describe.", schema202012),
			Handler: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return mcp.NewToolResultText("The arguments were taken as they came."), nil
			}},
	}
}

// tool has no arguments but those of the options, and changes nothing.
func tool(name, description string, call server.ToolHandlerFunc, options ...mcp.ToolOption) server.ServerTool {
	options = append(options, mcp.WithDescription(description), mcp.WithReadOnlyHintAnnotation(true), mcp.WithOpenWorldHintAnnotation(false))
	return server.ServerTool{Tool: mcp.NewTool(name, options...), Handler: call}
}

var schema202012 = json.RawMessage(`{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"$defs": {
		"address": {
			"$anchor": "addressDef",
			"type": "object",
			"properties": {"street": {"type": "string"}, "city": {"type": "string"}}
		}
	},
	"properties": {
		"name": {"type": "string"},
		"address": {"$ref": "#/$defs/address"},
		"contactMethod": {"type": "string", "enum": ["phone", "email"]},
		"phone": {"type": "string"},
		"email": {"type": "string"}
	},
	"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
	"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
	"then": {"required": ["phone"]},
	"else": {"required": ["email"]},
	"additionalProperties": false
}`)
