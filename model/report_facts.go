package model

import "time"

// ReportColumn is a column of figures of a table in a report.
type ReportColumn struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Kind  string `json:"kind" enum:"count,rate,fen"`
}

// ReportRow is a thing with its figures, in the order of the table's columns; nil where there is none.
type ReportRow struct {
	ID     int64      `json:"id"`
	Title  string     `json:"title"`
	Note   string     `json:"note" doc:"days, author, what was aimed at"`
	Values []*float64 `json:"values"`
	Texts  []string   `json:"texts" doc:"the values as they are shown"`
}

// ReportTable is a table of 二 重点工作.
type ReportTable struct {
	Key     string         `json:"key"`
	Title   string         `json:"title"`
	Columns []ReportColumn `json:"columns"`
	Rows    []ReportRow    `json:"rows"`
}

// Add puts a row into t and writes its figures out.
func (t *ReportTable) Add(id int64, title, note string, values ...*float64) {
	r := ReportRow{ID: id, Title: title, Note: note, Values: values, Texts: make([]string, len(values))}
	for i, v := range values {
		r.Texts[i] = ReportNumber(t.Columns[i].Kind, v)
	}
	t.Rows = append(t.Rows, r)
}

// Value gives a figure of a row by its column's key, nil where there is none.
func (t *ReportTable) Value(r ReportRow, key string) *float64 {
	for i, c := range t.Columns {
		if c.Key == key && i < len(r.Values) {
			return r.Values[i]
		}
	}
	return nil
}

// ReportDay is a day of the charts.
type ReportDay struct {
	Day       string `json:"day"`
	Visitors  int64  `json:"visitors"`
	Buyers    int64  `json:"buyers"`
	Net       int64  `json:"net" doc:"fen; a refund on its own day"`
	Followers *int64 `json:"followers_new" doc:"WeChat's; null: not told"`
}

// ReportReview is an item of PDCA that belongs to the period.
type ReportReview struct {
	ID         int64  `json:"id"`
	Title      string `json:"title"`
	Hypothesis string `json:"hypothesis"`
	Aim        string `json:"aim" doc:"what was aimed at, and what came of it"`
	Met        *bool  `json:"met"`
	Finding    string `json:"finding"`
	Decision   string `json:"decision" doc:"keep, change, stop; empty while nobody decided"`
	Next       string `json:"next"`
	Owner      string `json:"owner"`
	DueDay     int    `json:"due_day"`
	Open       bool   `json:"open" doc:"its next step is not done: it comes back as the next plan"`
}

// ReportPlan is something the next period will bring.
type ReportPlan struct {
	Day   int    `json:"day"`
	Title string `json:"title"`
	What  string `json:"what" doc:"选题, 活动"`
}

// ReportTasks is what of the period's tasks was done.
type ReportTasks struct {
	All       int `json:"all"`
	Done      int `json:"done"`
	Estimated int `json:"estimated" doc:"minutes, of the done"`
	Actual    int `json:"actual" doc:"minutes measured, of the done"`
}

// ReportFacts is all a report knows, frozen. What is compared when it is made again are its figures.
type ReportFacts struct {
	Kind           ReportKind     `json:"kind"`
	FirstDay       int            `json:"first_day"`
	LastDay        int            `json:"last_day"`
	LastFirst      int            `json:"last_first" doc:"the period it is compared with"`
	LastLast       int            `json:"last_last"`
	YearFirst      int            `json:"year_first"`
	YearLast       int            `json:"year_last"`
	Cells          []ReportCell   `json:"cells"`
	Days           []ReportDay    `json:"days"`
	Articles       ReportTable    `json:"articles"`
	Campaigns      ReportTable    `json:"campaigns"`
	Courses        ReportTable    `json:"courses"`
	Tasks          ReportTasks    `json:"tasks"`
	Reviews        []ReportReview `json:"reviews"`
	Plans          []ReportPlan   `json:"plans"`
	NextTargets    []ReportTarget `json:"next_targets"`
	Holes          []string       `json:"holes" doc:"figures that WeChat has not told, or that may still move"`
	LastCampaigns  int            `json:"last_campaigns" doc:"campaigns of the period before"`
	DefinitionsVer string         `json:"definitions"`
	AsOf           time.Time      `json:"as_of"`
}

// Cell finds a figure by its key.
func (f ReportFacts) Cell(key string) (ReportCell, bool) {
	for _, c := range f.Cells {
		if c.Key == key {
			return c, true
		}
	}
	return ReportCell{}, false
}
