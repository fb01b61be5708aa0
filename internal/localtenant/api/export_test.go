package api

// LimitPackages makes packages of more than limit bytes too large, until restore.
func LimitPackages(limit int64) (restore func()) {
	before := maxPackage
	maxPackage = limit
	return func() { maxPackage = before }
}
