package exchange

// CanElicit tells whether the client can put a form to its user: it has
// declared so, in the request itself or, before 2026-07-28, when it began.
func (x *Exchange) CanElicit() bool {
	declared := x.GetClientCapabilities().Elicitation
	return declared != nil && (declared.Form != nil || declared.URL == nil)
}
