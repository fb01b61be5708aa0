package api

// LimitPackages makes packages of more than limit bytes too large, until restore.
func LimitPackages(limit int64) (restore func()) {
	before := maxPackage
	maxPackage = limit
	return func() { maxPackage = before }
}

// WithSecretsOf is what a configuration becomes in place of the stored one.
var WithSecretsOf = withSecretsOf

// WithoutSecrets is what is shown of a configuration.
var WithoutSecrets = withoutSecrets
