package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

// TestCompose reads deploy/compose.yaml as Docker would: three services, each with a health check to wait
// for, no password with a default, nothing open to the world.
func TestCompose(t *testing.T) {
	raw, err := os.ReadFile("../../deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Image       string
			Build       map[string]string
			Environment map[string]string
			Ports       []string
			Healthcheck map[string]any
			DependsOn   map[string]map[string]string `yaml:"depends_on"`
			Volumes     []string
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mysql", "redis", "loudou"} {
		if _, ok := file.Services[name]; !ok {
			t.Errorf("no service %s", name)
		}
	}
	for name, s := range file.Services {
		if (s.Image == "") == (s.Build == nil) {
			t.Errorf("%s: an image or a build", name)
		}
		if s.Image != "" && !regexp.MustCompile(`:\d+\.\d+`).MatchString(s.Image) {
			t.Errorf("%s: %q is not pinned", name, s.Image)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to the world", name, p)
			}
		}
		for other, how := range s.DependsOn {
			if how["condition"] != "service_healthy" || file.Services[other].Healthcheck == nil {
				t.Errorf("%s waits for %s, which says nothing of its health", name, other)
			}
		}
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			if _, ok := file.Volumes[volume]; !ok {
				t.Errorf("%s: volume %s is not named", name, volume)
			}
		}
		for key, value := range s.Environment {
			if regexp.MustCompile(`PASSWORD|SECRET`).MatchString(key) && !strings.Contains(key, "RANDOM") && !strings.HasPrefix(value, "${") {
				t.Errorf("%s: %s has a default", name, key)
			}
			if strings.HasPrefix(key, "LOUDOU_") && !strings.Contains(settingsTable(), "| "+key+" |") {
				t.Errorf("%s: there is no setting %s", name, key)
			}
		}
	}
}

// TestUnit reads deploy/loudou.service: sections, commands that exist, no line that is no assignment.
func TestUnit(t *testing.T) {
	raw, err := os.ReadFile("../../deploy/loudou.service")
	if err != nil {
		t.Fatal(err)
	}
	section, seen := "", map[string]string{}
	for i, line := range strings.Split(string(raw), "\n") {
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = strings.Trim(line, "[]")
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || section == "" || !regexp.MustCompile(`^[A-Za-z]+$`).MatchString(key) {
				t.Errorf("line %d: %q", i+1, line)
			}
			seen[section+"."+key] = value
		}
	}
	for key, want := range map[string]string{
		"Service.ExecStart": "/usr/local/bin/loudou serve", "Service.User": "loudou", "Service.NoNewPrivileges": "yes", "Service.ProtectSystem": "strict",
		"Service.UMask": "0077", "Service.Restart": "always", "Install.WantedBy": "multi-user.target",
	} {
		if seen[key] != want {
			t.Errorf("%s is %q, want %q", key, seen[key], want)
		}
	}
	if !slices.ContainsFunc(commands(), func(c *cobra.Command) bool { return c.Name() == "serve" }) {
		t.Error("there is no command serve")
	}
}

// TestDockerfile keeps the image small and honest: pinned bases, an unprivileged user, the certificates.
func TestDockerfile(t *testing.T) {
	raw, err := os.ReadFile("../../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, m := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(text, -1) {
		if m[1] != "scratch" && !regexp.MustCompile(`^[a-z]+:\d+[\d.]*-`).MatchString(m[1]) {
			t.Errorf("base %s is not pinned", m[1])
		}
	}
	for _, want := range []string{"ca-certificates.crt", "USER 65532", `ENTRYPOINT ["/loudou"]`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
}
