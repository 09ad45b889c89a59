package model

import (
	"encoding/json"
	"strings"
)

var secretWords = []string{"password", "secret", "token", "session_key", "aes_key", "private_key", "apiv3", "csrf", "cookie"}

// AuditJSON renders a before or after for the audit trail: nil is "", and fields named like secrets
// become "***". v is marshalled as encoding/json would.
func AuditJSON(v any) string {
	if v == nil {
		return ""
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return `{"error":"not JSON"}`
	}
	var tree any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber() // ids above 2^53 stay whole
	if err := dec.Decode(&tree); err != nil || tree == nil {
		return ""
	}
	out, err := json.Marshal(blank(tree))
	if err != nil {
		return `{"error":"not JSON"}`
	}
	return string(out)
}

func blank(v any) any {
	switch t := v.(type) {
	case map[string]any:
		for k, e := range t {
			t[k] = blank(e)
			lower := strings.ToLower(k)
			for _, w := range secretWords {
				if strings.Contains(lower, w) && e != nil {
					t[k] = "***"
				}
			}
		}
	case []any:
		for i := range t {
			t[i] = blank(t[i])
		}
	}
	return v
}
