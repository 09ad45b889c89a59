// Package web holds what runs on other people's screens; the console's built files are inside the binary.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:console/dist
var console embed.FS

// Dist is the built console with index.html at its top. Before the front end's first build it holds
// nothing but a placeholder, so that Go builds without Node.
func Dist() fs.FS {
	dist, err := fs.Sub(console, "console/dist")
	if err != nil {
		panic(err) // only a malformed path can fail, and this one is a constant
	}
	return dist
}
