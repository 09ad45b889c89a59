package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestEmbeddedTypesAreExported keeps parameters and fields from silently going missing: huma skips an
// embedded type that is not exported, so its path numbers arrive empty and its fields are in no document.
func TestEmbeddedTypesAreExported(t *testing.T) {
	for _, door := range []string{"console", "mini"} {
		files, err := filepath.Glob(filepath.Join(door, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files of door %s: %v", door, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.StructType)
				if !ok {
					return true
				}
				for _, field := range s.Fields.List {
					if len(field.Names) > 0 {
						continue
					}
					typ := field.Type
					if p, ok := typ.(*ast.StarExpr); ok {
						typ = p.X
					}
					if g, ok := typ.(*ast.IndexExpr); ok {
						typ = g.X
					}
					if id, ok := typ.(*ast.Ident); ok && !id.IsExported() {
						t.Errorf("%s: embedded %s must be exported", set.Position(field.Pos()), id.Name)
					}
				}
				return true
			})
		}
	}
}
