package model

// Cut keeps the first n characters of s.
func Cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// SceneMost is how long a scene may be: WeChat's own are at most 64 characters.
const SceneMost = 64
