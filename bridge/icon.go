package bridge

import (
	"context"
	_ "embed" // of the icon
	"encoding/base64"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

//go:embed icon.png
var iconPNG []byte

//go:embed icon.svg
var iconSVG []byte

// icons are the product's own, inside their URLs: hosts load nothing from the net
// for a server of theirs, and some take nothing else. PNG is what all hosts with
// icons can show.
var icons = []mcp.Icon{
	{Src: "data:image/png;base64," + base64.StdEncoding.EncodeToString(iconPNG), MIMEType: "image/png", Sizes: []string{"48x48"}},
	{Src: "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(iconSVG), MIMEType: "image/svg+xml", Sizes: []string{"any"}},
}

// showIcons adds them to what a server says of itself when it is met, and not to
// every result; clients of versions before icons get none.
func (t *Tenant) showIcons(hooks *server.Hooks, title string) {
	hooks.AddAfterInitialize(func(_ context.Context, _ any, _ *mcp.InitializeRequest, result *mcp.InitializeResult) {
		if result.ProtocolVersion >= mcp.ProtocolVersion20251125 { // versions are dates
			result.ServerInfo.Icons = icons
		}
	})
	hooks.AddAfterDiscover(func(_ context.Context, _ any, _ *mcp.DiscoverRequest, result *mcp.DiscoverResult) {
		result.EnsureResultMeta().SetServerInfo(mcp.Implementation{Name: serverName, Version: t.config.Version, Title: title, Icons: icons})
	})
}
