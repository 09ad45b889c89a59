package respond

import "testing"

func TestCellNeverRuns(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "普通": "普通", "=1+1": "'=1+1", "+1": "'+1", "-2+3": "'-2+3", "@SUM": "'@SUM", "\tx": "'\tx", "\rx": "'\rx", "＝1": "'＝1", "'x": "''x", "a=b": "a=b",
	} {
		if got := Cell(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	long := make([]rune, 40_000)
	for i := range long {
		long[i] = '长'
	}
	if got := []rune(Cell(string(long))); len(got) > csvMax+10 || string(got[len(got)-6:]) != "…（已截断）" {
		t.Error(len(got))
	}
}
