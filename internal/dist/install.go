package main

import (
	"bytes"
	"strings"
	"text/template"
)

var formula = template.Must(template.New("formula").Funcs(template.FuncMap{"quote": quoted}).Parse(`class Sema4Mcp < Formula
  desc {{quote .Description}}
  homepage {{quote .Homepage}}
  version {{quote .Version}}
  license {{quote .License}}
{{range .Systems}}
  {{.Block}} do
{{- range .Downloads}}
{{- if .Block}}
    {{.Block}} do
      url {{quote .URL}}
      sha256 {{quote .SHA256}}
    end
{{- else}}
    url {{quote .URL}}
    sha256 {{quote .SHA256}}
{{- end}}
{{- end}}
  end
{{end}}
  def install
    bin.install {{range $i, $c := .Commands}}{{if $i}}, {{end}}{{quote $c}}{{end}}
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/{{.Bridge}} --version 2>&1")
  end
end
`))

type formulaSystem struct {
	Block     string
	Downloads []formulaDownload
}

type formulaDownload struct{ Block, URL, SHA256 string }

// formula is for Homebrew, on macOS and Linux.
func (r *release) formula(targets []target, made packages) ([]byte, error) {
	blocks := map[string]string{"amd64": "on_intel", "arm64": "on_arm", "universal": ""}
	var systems []formulaSystem
	for _, system := range []struct{ os, block string }{{"darwin", "on_macos"}, {"linux", "on_linux"}} {
		s := formulaSystem{Block: system.block}
		for _, t := range targets {
			if t.os == system.os {
				archive := made[t.name()].archive
				s.Downloads = append(s.Downloads, formulaDownload{blocks[t.arch()], r.download(archive), archive.sha256})
			}
		}
		if s.Downloads != nil {
			systems = append(systems, s)
		}
	}
	var text bytes.Buffer
	err := formula.Execute(&text, map[string]any{
		"Description": strings.TrimSuffix(description, "."), "Homepage": r.Homepage, "Version": r.number(), "License": licence,
		"Systems": systems, "Commands": commands, "Bridge": bridge,
	})
	return text.Bytes(), err
}

// quoted is a string in Ruby's double quotes.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `#`, `\#`).Replace(s) + `"`
}

// scoopManifest is for Scoop, on Windows.
type scoopManifest struct {
	Version      string                   `json:"version"`
	Description  string                   `json:"description"`
	Homepage     string                   `json:"homepage"`
	License      string                   `json:"license"`
	Architecture map[string]scoopDownload `json:"architecture"`
	Bin          []string                 `json:"bin"`
}

type scoopDownload struct {
	URL        string `json:"url"`
	Hash       string `json:"hash"`
	ExtractDir string `json:"extract_dir"`
}

func (r *release) scoop(targets []target, made packages) scoopManifest {
	names := map[string]string{"amd64": "64bit", "arm64": "arm64"}
	manifest := scoopManifest{Version: r.number(), Description: description, Homepage: r.Homepage, License: licence, Architecture: map[string]scoopDownload{}}
	for _, command := range commands {
		manifest.Bin = append(manifest.Bin, command+".exe")
	}
	for _, t := range targets {
		if t.os == "windows" {
			archive := made[t.name()].archive
			manifest.Architecture[names[t.arch()]] = scoopDownload{r.download(archive), archive.sha256, r.archiveDir(t)}
		}
	}
	return manifest
}
