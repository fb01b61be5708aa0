package main

// registrySchema is the version of the MCP registry's format, which names itself by
// this address.
const registrySchema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"

// registryEntry is the content of server.json.
type registryEntry struct {
	Schema      string            `json:"$schema"`
	Name        string            `json:"name"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Version     string            `json:"version"`
	WebsiteURL  string            `json:"websiteUrl"`
	Packages    []registryPackage `json:"packages"`
}

type registryPackage struct {
	RegistryType         string             `json:"registryType"`
	Identifier           string             `json:"identifier"`
	FileSHA256           string             `json:"fileSha256"`
	Transport            registryTransport  `json:"transport"`
	EnvironmentVariables []registryVariable `json:"environmentVariables"`
}

type registryTransport struct {
	Type string `json:"type"`
}

type registryVariable struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	IsRequired  bool     `json:"isRequired"`
	IsSecret    bool     `json:"isSecret"`
	Default     string   `json:"default,omitempty"`
	Choices     []string `json:"choices,omitempty"`
}

func (r *release) registryEntry(targets []target, made packages) registryEntry {
	entry := registryEntry{
		Schema:      registrySchema,
		Name:        r.Namespace + "/" + bridge,
		Title:       title,
		Description: description,
		Version:     r.number(),
		WebsiteURL:  r.Homepage,
	}
	for _, t := range targets {
		bundle := made[t.name()].bundle
		entry.Packages = append(entry.Packages, registryPackage{
			RegistryType: "mcpb",
			Identifier:   r.download(bundle),
			FileSHA256:   bundle.sha256,
			Transport:    registryTransport{"stdio"},
			EnvironmentVariables: []registryVariable{
				{Name: envBaseURL, Description: aboutBaseURL, IsRequired: true},
				{Name: envAPIKey, Description: aboutAPIKey, IsRequired: true, IsSecret: true},
				{Name: envLogLevel, Description: aboutLogLevel, Default: "info", Choices: []string{"debug", "info", "warn", "error"}},
			},
		})
	}
	return entry
}

func (r *release) download(f file) string { return r.Downloads + "/" + f.name }
