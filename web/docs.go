package web

import (
	"embed"
	"io/fs"
)

// The page at /docs is swagger-ui-dist 5.35.0 (Apache-2.0, LICENSE and NOTICE beside it) as npm gives it, but
// for the last line of its two files, which named a source map; index.html and start.js are ours.
//
//go:embed docs
var docs embed.FS

// Docs is the API's page with index.html at its top.
func Docs() fs.FS {
	sub, err := fs.Sub(docs, "docs")
	if err != nil {
		panic(err) // only a malformed path can fail, and this one is a constant
	}
	return sub
}
