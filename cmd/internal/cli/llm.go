package cli

import (
	"context"

	"sema4mcp/internal/localtenant/minds/openaichat"
)

// LLM is the language model that the environment gives to the local tenant's
// agents; the zero value when it names none. The key may be a reference, as
// SEMA4_API_KEY may.
func LLM(ctx context.Context) (openaichat.Config, error) {
	config := openaichat.Config{URL: Environment(openaichat.EnvURL), Model: Environment(openaichat.EnvModel)}
	var err error
	if config.AllowCommands, err = truth(openaichat.EnvAllowCommands); err != nil {
		return openaichat.Config{}, err
	}
	if config.URL == "" {
		return config, nil // nothing needs the key, which may take a command
	}
	if config.Key, err = KeyAt(ctx, Environment(openaichat.EnvKey), openaichat.EnvKey); err != nil {
		return openaichat.Config{}, err
	}
	return config, nil
}
