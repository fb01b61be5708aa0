package main

import (
	"os"
	"path/filepath"
)

// The variables that the bridge reads, and the one list of what each is.
const (
	envBaseURL  = "SEMA4_BASE_URL"
	envAPIKey   = "SEMA4_API_KEY"
	envLogLevel = "SEMA4_LOG_LEVEL"

	aboutBaseURL  = "Base URL of the REST API, from Configuration > API Keys in the Sema4.ai application"
	aboutAPIKey   = "API key made under Configuration > API Keys in the Sema4.ai application"
	aboutLogLevel = "How much is logged: debug, info, warn or error"
)

// manifest is a bundle's, version 0.3 of the format. Hosts refuse unknown keys.
type manifest struct {
	ManifestVersion string                  `json:"manifest_version"`
	Name            string                  `json:"name"`
	DisplayName     string                  `json:"display_name"`
	Version         string                  `json:"version"`
	Description     string                  `json:"description"`
	Author          author                  `json:"author"`
	Homepage        string                  `json:"homepage"`
	License         string                  `json:"license"`
	Server          bundleServer            `json:"server"`
	ToolsGenerated  bool                    `json:"tools_generated"`
	UserConfig      map[string]configOption `json:"user_config"`
	Compatibility   compatibility           `json:"compatibility"`
}

type author struct {
	Name string `json:"name"`
}

type bundleServer struct {
	Type       string    `json:"type"`
	EntryPoint string    `json:"entry_point"`
	MCPConfig  mcpConfig `json:"mcp_config"`
}

type mcpConfig struct {
	Command           string                     `json:"command"`
	Args              []string                   `json:"args"`
	Env               map[string]string          `json:"env"`
	PlatformOverrides map[string]commandOverride `json:"platform_overrides,omitempty"`
}

type commandOverride struct {
	Command string `json:"command"`
}

type configOption struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
	Sensitive   bool   `json:"sensitive,omitempty"`
	Default     string `json:"default,omitempty"`
}

type compatibility struct {
	Platforms []string `json:"platforms"`
}

func (r *release) manifest(t target) manifest {
	entryPoint := "bin/" + t.executable(bridge)
	config := mcpConfig{
		Command: "${__dirname}/bin/" + bridge,
		Args:    []string{},
		Env: map[string]string{
			envBaseURL:  "${user_config.base_url}",
			envAPIKey:   "${user_config.api_key}",
			envLogLevel: "${user_config.log_level}",
		},
	}
	if t.os == "windows" {
		config.PlatformOverrides = map[string]commandOverride{t.nodeOS(): {"${__dirname}/" + entryPoint}}
	}
	return manifest{
		ManifestVersion: "0.3",
		Name:            bridge,
		DisplayName:     title,
		Version:         r.number(),
		Description:     description,
		Author:          author{r.Author},
		Homepage:        r.Homepage,
		License:         licence,
		Server:          bundleServer{"binary", entryPoint, config},
		ToolsGenerated:  true,
		UserConfig: map[string]configOption{
			"base_url": {Type: "string", Title: "Base URL", Description: aboutBaseURL, Required: true},
			"api_key":  {Type: "string", Title: "API key", Description: aboutAPIKey, Required: true, Sensitive: true},
			// An optional value without a default reaches the bridge as the name of its place.
			"log_level": {Type: "string", Title: "Log level", Description: aboutLogLevel, Default: "info"},
		},
		Compatibility: compatibility{[]string{t.nodeOS()}},
	}
}

// bundle packs the bridge for a desktop host.
func (r *release) bundle(source, out string, t target) (file, error) {
	manifest, err := indented(r.manifest(t))
	if err != nil {
		return file{}, err
	}
	terms, err := os.ReadFile(filepath.Join(source, "LICENSE"))
	if err != nil {
		return file{}, err
	}
	binary, err := os.ReadFile(filepath.Join(out, "bin", t.name(), t.executable(bridge)))
	if err != nil {
		return file{}, err
	}
	return r.writePackage(out, bridge+"-"+r.number()+"-"+t.name()+".mcpb", zipped, []entry{
		{"LICENSE", 0o644, terms},
		{"bin/" + t.executable(bridge), 0o755, binary},
		{"manifest.json", 0o644, manifest},
	})
}
