// Package hosts knows the desktop applications that start MCP servers: which
// are installed, where each keeps its configuration, how an entry reads there.
//
// [All] has the hosts. [Host.Find] looks for one on a [System], [File.State]
// says how our entry stands there, [File.Setup] and [File.Remove] plan a
// [Change], and [Change.Apply] writes it. Nothing is written before that.
package hosts
