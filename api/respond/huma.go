package respond

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"loudou/model"
)

// huma keeps its settings in package variables; they are set once, before anything is registered.
func init() {
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	huma.NewError = fromHuma
	validation.MsgUnexpectedProperty = "没有这一项"
	validation.MsgExpectedRFC3339DateTime = "应为带时区的时间，如 2026-01-31T08:00:00+08:00"
	validation.MsgExpectedRFC3339Date = "应为日期，如 2026-01-31"
	validation.MsgExpectedRFC3986URI = "应为网址"
	validation.MsgExpectedRFC4122UUID = "应为 UUID"
	validation.MsgExpectedMatchAtLeastOneSchema = "格式不对"
	validation.MsgExpectedMatchExactlyOneSchema = "格式不对"
	validation.MsgExpectedNotMatchSchema = "格式不对"
	validation.MsgExpectedBoolean = "应为是或否"
	validation.MsgExpectedNumber = "应为数字"
	validation.MsgExpectedInteger = "应为整数"
	validation.MsgExpectedString = "应为文字"
	validation.MsgExpectedArray = "应为列表"
	validation.MsgExpectedObject = "应为对象"
	validation.MsgExpectedArrayItemsUnique = "不能有重复的项"
	validation.MsgExpectedOneOf = "只能是：%s"
	validation.MsgExpectedMinimumNumber = "不能小于 %v"
	validation.MsgExpectedExclusiveMinimumNumber = "应大于 %v"
	validation.MsgExpectedMaximumNumber = "不能大于 %v"
	validation.MsgExpectedExclusiveMaximumNumber = "应小于 %v"
	validation.MsgExpectedMinLength = "至少 %d 个字"
	validation.MsgExpectedMaxLength = "最多 %d 个字"
	validation.MsgExpectedBePattern = "应为%s"
	validation.MsgExpectedMatchPattern = "格式不对：%s"
	validation.MsgExpectedMinItems = "至少 %d 项"
	validation.MsgExpectedMaxItems = "最多 %d 项"
	validation.MsgExpectedRequiredProperty = "缺少 %s"
}

// fromHuma gives huma's own refusals our body. Invalid input of any kind is 400, and nothing that was
// sent is echoed.
func fromHuma(status int, msg string, errs ...error) huma.StatusError {
	if len(errs) == 1 {
		var own *Error
		if errors.As(errs[0], &own) {
			return own
		}
	}
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	out := Status(status)
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			continue
		}
		detail := d.ErrorDetail()
		name := strings.TrimPrefix(strings.TrimPrefix(detail.Location, "body"), ".")
		if i := strings.IndexByte(name, '.'); strings.HasPrefix(detail.Location, "query") || strings.HasPrefix(detail.Location, "header") || strings.HasPrefix(detail.Location, "path") {
			name = name[i+1:]
		}
		if m := structField.FindStringSubmatch(detail.Message); m != nil {
			name = m[1] // a number that no int64 holds passes the schema and stops at the decoder
		}
		out.Err.Fields = append(out.Err.Fields, model.FieldError{Field: name, Message: chinese(detail.Message)})
	}
	if status == http.StatusBadRequest && len(out.Err.Fields) == 0 && strings.Contains(msg, "unmarshal") {
		out.Err.Message = "请求内容不是合法的 JSON"
	}
	return out
}

// structField is how encoding/json names the field it could not read.
var structField = regexp.MustCompile(`into Go struct field [^. ]*\.([\w.\[\]]+) of type`)

// chinese keeps words of ours and hides a decoder's, which may quote what was sent.
func chinese(s string) string {
	for _, r := range s {
		if r > 0x2e80 {
			return s
		}
	}
	return "格式不对"
}
