// Package loopback tells requests that mean this machine from those that a web page
// has sent here under another name, which a browser lets it do once the name is
// rebound to 127.0.0.1.
package loopback

import (
	"net"
	"net/url"
	"strings"
)

// Is tells whether a host, with or without a port, is this machine: localhost, or
// an address of 127.0.0.0/8 or ::1.
func Is(host string) bool {
	name := Hostname(host)
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

// Hostname is a host without its port, and without brackets.
func Hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// OriginHost is the host of an Origin header, with its port; "" for one that names
// none, such as null.
func OriginHost(origin string) string {
	parsed, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return parsed.Host
}
