package bridge

// LimitResources makes resources of more than limit bytes too large, until
// restore.
func LimitResources(limit int) (restore func()) {
	was := maxResource
	maxResource = limit
	return func() { maxResource = was }
}
