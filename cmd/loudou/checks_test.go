package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every test docs/checks.md names is there and names its check.
func TestSellingChecksHaveTests(t *testing.T) {
	doc, err := os.ReadFile("../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| .* \| (.*) \|$`).FindAllStringSubmatch(string(doc), -1)
	if len(rows) < 27 {
		t.Fatalf("%d checks", len(rows))
	}
	for _, row := range rows {
		for _, x := range regexp.MustCompile("`(\\w+)` in (\\S+_test\\.go)").FindAllStringSubmatch(row[2], -1) {
			code, err := os.ReadFile(filepath.Join("../..", x[2]))
			if err != nil {
				t.Fatal(err)
			}
			said := regexp.MustCompile(fmt.Sprintf(`((?://[^\n]*\n)+)func %s\(`, x[1])).FindSubmatch(code)
			if said == nil || !regexp.MustCompile(`elling checks?[^.]*\b`+row[1]+`\b`).MatchString(strings.ReplaceAll(string(said[1]), "\n// ", " ")) {
				t.Errorf("check %s: %s in %s does not name it", row[1], x[1], x[2])
			}
		}
	}
}

// Every test docs/checks.md names for the Official Account is in the file it says.
func TestOfficialChecksHaveTests(t *testing.T) {
	doc, err := os.ReadFile("../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| O(\d+) \| .* \| (.*) \|$`).FindAllStringSubmatch(string(doc), -1)
	if len(rows) != 24 {
		t.Fatalf("%d checks of the Official Account", len(rows))
	}
	for _, row := range rows {
		named := regexp.MustCompile("`(\\w+)` in (\\S+_test\\.go)").FindAllStringSubmatch(row[2], -1)
		if len(named) == 0 {
			t.Errorf("check %s names no test", row[1])
		}
		for _, x := range named {
			code, err := os.ReadFile(filepath.Join("../..", x[2]))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(code), "\nfunc "+x[1]+"(t ") {
				t.Errorf("check %s: %s has no %s", row[1], x[2], x[1])
			}
		}
	}
}

// Every check of the console is in docs/checks.md, and every test it names by its title is in the file it says.
func TestConsoleChecksHaveTests(t *testing.T) {
	doc, err := os.ReadFile("../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, console, found := strings.Cut(string(doc), "\n## The console\n")
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| .* \| (.*) \|$`).FindAllStringSubmatch(console, -1)
	if !found || len(rows) != 24 {
		t.Fatalf("%d checks of the console", len(rows))
	}
	for i, row := range rows {
		named := regexp.MustCompile(`"([^"]+)" in (\S+\.test\.(?:mjs|ts))`).FindAllStringSubmatch(row[2], -1)
		if row[1] != fmt.Sprint(i+1) || len(named) == 0 {
			t.Errorf("row %d: check %s names %d tests", i+1, row[1], len(named))
		}
		for _, x := range named {
			code, err := os.ReadFile(filepath.Join("../..", x[2]))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(code), x[1]) {
				t.Errorf("check %s: %s has no %q", row[1], x[2], x[1])
			}
		}
	}
}
