package store

import "strings"

// EscapeLike makes typed text data inside LIKE … ESCAPE '!': it matches itself alone. The caller adds the wildcards.
func EscapeLike(word string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(word)
}
