package main

import (
	"os"
	"strings"
	"testing"
)

// TestSettingsTableIsInTheDocs keeps docs/operations.md equal to what the program knows.
func TestSettingsTableIsInTheDocs(t *testing.T) {
	b, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "<!-- settings:begin -->\n")
	table, _, ok2 := strings.Cut(rest, "<!-- settings:end -->")
	if !ok || !ok2 || table != settingsTable() {
		t.Errorf("docs/operations.md is stale: put the output of `loudou config --table` between the settings marks")
	}
}
