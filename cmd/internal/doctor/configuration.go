package doctor

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"sema4mcp/cmd/internal/cli"
	"sema4mcp/internal/localtenant"
)

const (
	logIn    = "Run sema4-mcp-bridge login"
	noTenant = "no tenant to look at"
)

// configuration also opens the way to the tenant.
func (d *Doctor) configuration(ctx context.Context) []Finding {
	var found []Finding
	for _, fault := range cli.Problems(d.Broken) {
		found = append(found, problem("Put that right; sema4-mcp-bridge config show tells whether it is", "%s", fault)...)
	}
	if d.Settings.BaseURL == "" && !d.Settings.Local {
		return append(found, problem(logIn+", or set SEMA4_BASE_URL", "there is no base URL: %s", d.read())...)
	}
	upstream, err := d.Settings.Upstream(ctx, d.Logger)
	if err != nil {
		return append(found, problem("Correct the setting", "%v", err)...)
	}
	d.upstream = upstream
	if len(found) > 0 {
		return found
	}
	return one(OK, "%s", d.read())
}

// read says what the settings were read from.
func (d *Doctor) read() string {
	text := "no configuration file; flags and variables alone"
	if d.Settings.File != nil {
		text = d.Settings.File.Path
	} else if path, _ := d.Settings.ConfigPath(); path != "" {
		text = "flags and variables alone (there is no " + path + ")"
	}
	if d.Settings.Profile != "" {
		text += ", profile " + d.Settings.Profile
	}
	for _, shown := range d.Settings.Show() {
		if shown.Name == "base_url" && shown.Text() != "" && !d.Settings.Local {
			text += fmt.Sprintf("; base URL %s, from %s", shown.Text(), shown.Where())
		}
	}
	if d.Settings.Local {
		text += "; the local tenant"
	}
	return text
}

func (d *Doctor) findKey(ctx context.Context) []Finding {
	if d.upstream.BaseURL == "" {
		return one(Skipped, noTenant)
	}
	if d.Settings.Local {
		d.key = localtenant.APIKey
		return one(OK, "the local tenant's own")
	}
	key, err := d.Settings.APIKey(ctx)
	if err != nil {
		return problem(logIn, "%v", err)
	}
	if key == "" {
		return problem(logIn+", or set SEMA4_API_KEY", "there is none")
	}
	d.key = key
	place := d.Settings.KeyPlace()
	if path, ok := strings.CutPrefix(place, "file:"); ok && openToOthers(path) {
		return problem("Run chmod 600 on it", "%s can be read by others on this machine", place)
	}
	return one(OK, "%s", place)
}

func openToOthers(path string) bool {
	info, err := os.Stat(path)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}
