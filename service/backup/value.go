package backup

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// kind is what a column holds, the same on every database.
type kind string

const (
	kindInt  kind = "int"
	kindReal kind = "real"
	kindText kind = "text"
	kindTime kind = "time" // RFC 3339, UTC
	kindBlob kind = "blob" // base64
)

// column is one of a table's.
type column struct {
	Name string `json:"name"`
	Kind kind   `json:"kind"`
}

func columnsOf(rows *sql.Rows) ([]column, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	out := make([]column, len(types))
	for i, t := range types {
		out[i] = column{t.Name(), kindOf(t.DatabaseTypeName())}
	}
	return out, nil
}

// kindOf reads the type a schema file wrote, as either driver names it.
func kindOf(declared string) kind {
	d := strings.ToUpper(declared)
	switch {
	case strings.Contains(d, "INT"), strings.Contains(d, "BOOL"):
		return kindInt
	case strings.Contains(d, "DATETIME"), strings.Contains(d, "TIMESTAMP"):
		return kindTime
	case strings.Contains(d, "BLOB"), strings.Contains(d, "BINARY"):
		return kindBlob
	case strings.Contains(d, "DOUBLE"), strings.Contains(d, "REAL"), strings.Contains(d, "FLOAT"):
		return kindReal
	}
	return kindText
}

// out makes of what a driver read what the file holds.
func (k kind) out(v any) (any, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case bool:
		if x {
			return int64(1), nil
		}
		return int64(0), nil
	case int64, uint64, float64, float32:
		return x, nil
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano), nil
	case []byte:
		if k == kindBlob {
			return base64.StdEncoding.EncodeToString(x), nil
		}
		return k.out(string(x))
	case string:
		if k == kindBlob {
			return base64.StdEncoding.EncodeToString([]byte(x)), nil
		}
		if !utf8.ValidString(x) {
			return nil, fmt.Errorf("a text that is no UTF-8")
		}
		return x, nil
	}
	return nil, fmt.Errorf("a value of type %T", v)
}

// in makes of what the file holds what a driver takes. A value that does not fit is an error, never a guess.
func (k kind) in(v any) (any, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case json.Number:
		switch k {
		case kindInt:
			return x.Int64()
		case kindReal:
			return x.Float64()
		}
	case string:
		switch k {
		case kindText:
			return x, nil
		case kindTime:
			return time.Parse(time.RFC3339Nano, x)
		case kindBlob:
			return base64.StdEncoding.DecodeString(x)
		}
	}
	return nil, fmt.Errorf("%T is no %s", v, k)
}
