package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"loudou/config"
)

// openapiCommand prints the document the doors are made of: the console's typed client is generated from
// it, and a check fails when the committed copy is stale.
func openapiCommand() *cobra.Command {
	return &cobra.Command{Use: "openapi", Short: "print the OpenAPI 3.1 document of /mini/v1 and /console/v1", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		dir, err := os.MkdirTemp("", "loudou-openapi-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		c, err := config.Load(dir+"/none.yaml", func(string) (string, bool) { return "", false })
		if err != nil {
			return err
		}
		c.Database, c.Data, c.Secret = "sqlite:"+dir+"/x.db", dir, "openapi-document-only-0123456789-0123456789"
		c.MiniAppID, c.OfficialAppID = "wx0000000000000000", "wx0000000000000001"
		h, err := build(c)
		if err != nil {
			return err
		}
		defer h.close()
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(h.openapi.OpenAPI())
	}}
}
