package main

import "runtime"

// target is an operating system and the processors that one package for it runs on.
type target struct {
	os    string // as Go names it
	archs []string
}

// targets are what is released. On macOS one package is for both processors, since
// hosts choose a bundle by operating system alone.
var targets = []target{
	{"darwin", []string{"amd64", "arm64"}},
	{"linux", []string{"amd64"}},
	{"linux", []string{"arm64"}},
	{"windows", []string{"amd64"}},
	{"windows", []string{"arm64"}},
}

// checked is the target that a check builds: the machine's own, where its packages
// can be tried, or else one that every machine builds.
func checked() target {
	for _, t := range targets {
		for _, arch := range t.archs {
			if t.os == runtime.GOOS && arch == runtime.GOARCH {
				return t
			}
		}
	}
	return targets[1]
}

func (t target) arch() string {
	if len(t.archs) > 1 {
		return "universal"
	}
	return t.archs[0]
}

func (t target) name() string { return t.os + "-" + t.arch() }

func (t target) executable(command string) string {
	if t.os == "windows" {
		return command + ".exe"
	}
	return command
}

// nodeOS is the operating system as hosts and bundles name it.
func (t target) nodeOS() string {
	if t.os == "windows" {
		return "win32"
	}
	return t.os
}
