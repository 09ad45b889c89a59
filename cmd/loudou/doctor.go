package main

import (
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WeChat's signature is SHA-1
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loudou/api/hook"
	"loudou/config"
	"loudou/service/connection"
	"loudou/service/wechat"
)

// errDoctor ends the command with 1; everything was said before.
var errDoctor = errors.New("有故障，见上")

// doctorCommand looks at everything an operator may have got wrong, and says what to do about each.
func doctorCommand() *cobra.Command {
	var dry bool
	var payer int64
	cmd := &cobra.Command{Use: "doctor", Short: "look at settings, database, Redis, tokens, callback, pay keys, clock and storage", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		if payer != 0 && !dry {
			return errors.New("--learner 要和 --dry-run 一起用")
		}
		return doctor(cmd.Context(), os.Stdout, dry, payer)
	}}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "walk the road of the money, too, before launch: order one fen, ask, close; nothing is paid or kept")
	cmd.Flags().Int64Var(&payer, "learner", 0, "with --dry-run: your own number as a learner, for whom the fen is ordered")
	return cmd
}

func doctor(ctx context.Context, out io.Writer, dry bool, payer int64) error {
	cfg, err := config.Load(settingsFile, os.LookupEnv)
	var faults config.Faults
	if err == nil {
		err = cfg.Validate(true)
	}
	if errors.As(err, &faults) {
		for _, f := range faults {
			say(out, connection.Check{Title: "设置", State: connection.Bad, Text: f, Fix: "改好 loudou.yaml 或环境变量；loudou config 能看到全部设置"})
		}
		return faults
	}
	if err != nil {
		return err
	}
	setLog("error")
	say(out, connection.Check{Title: "设置", State: connection.OK, Text: "齐全"})
	h, err := build(cfg)
	if err != nil {
		say(out, connection.Check{Title: "启动", State: connection.Bad, Text: err.Error(), Fix: "多半是密钥的内容不对：商户私钥、APIv3 密钥、EncodingAESKey"})
		return errDoctor
	}
	defer h.close()
	all := h.probes(ctx)
	bad := false
	for _, c := range all {
		say(out, c)
		bad = bad || c.State == connection.Bad
	}
	if dry {
		_, _ = fmt.Fprintln(out, "\n上线前试一遍收款（不收钱，本店的账里不留东西）：")
		for _, c := range h.rehearse(ctx, payer) {
			sayIn(out, dryWords, c)
			bad = bad || c.State == connection.Bad
		}
	}
	if bad {
		return errDoctor
	}
	return nil
}

// probes are the checks that go out and try: tokens, callback, clock, storage, and what the connection page can say without
// having run for a while.
func (h *house) probes(ctx context.Context) []connection.Check {
	var all []connection.Check
	for _, a := range []struct {
		key, name string
		client    *wechat.Client
	}{{"official", "公众号", h.official}, {"mini", "小程序", h.mini}} {
		if a.client != nil {
			all = append(all, tryToken(ctx, a.key, a.name, a.client))
		}
	}
	all = append(all, tryCallback(ctx, h.cfg), tryClock(ctx, h.cfg.WeChatAPI), tryBucket(ctx, h.bucket))
	for _, c := range h.connection.Checks(ctx) {
		// What only a running service knows is left to the console's page.
		if !slices.Contains([]string{"push", "push_mini", "answer", "repeat", "refused", "spool", "degraded", "quota"}, c.Key) && !strings.HasPrefix(c.Key, "token_") && !strings.HasPrefix(c.Key, "secret_") {
			all = append(all, c)
		}
	}
	return all
}

var stateWords = map[connection.State]string{connection.OK: "正常", connection.Warn: "留意", connection.Bad: "故障", connection.Off: "未用"}

// dryWords are those of the dry run, whose steps work or do not.
var dryWords = map[connection.State]string{connection.OK: "好　", connection.Warn: "留意", connection.Bad: "不行", connection.Off: "未用"}

func say(out io.Writer, c connection.Check) { sayIn(out, stateWords, c) }

func sayIn(out io.Writer, words map[connection.State]string, c connection.Check) {
	_, _ = fmt.Fprintf(out, "%s  %s：%s\n", words[c.State], c.Title, c.Text)
	if c.Fix != "" && c.State != connection.OK {
		_, _ = fmt.Fprintf(out, "      %s\n", c.Fix)
	}
}

func tryToken(ctx context.Context, key, name string, c *wechat.Client) connection.Check {
	out := connection.Check{Key: "try_token_" + key, Title: name + "的 access_token", State: connection.OK, Text: "取得成功"}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := c.Tokens().Token(ctx); err != nil {
		out.State, out.Text = connection.Bad, err.Error() // free of secrets: service/wechat sees to it
		out.Fix = "检查 AppID、AppSecret；40164 表示这台机器的出口 IP 不在白名单里"
	}
	return out
}

// tryCallback asks our public address as WeChat does when the server address is saved.
func tryCallback(ctx context.Context, cfg config.Config) connection.Check {
	out := tryEcho(ctx, cfg.PublicURL, "/hook/official", cfg.OfficialToken)
	out.Key, out.Title = "try_callback", "微信回调地址"
	return out
}

// tryEcho asks path of our public address to echo a word, signed with the token, as WeChat does.
func tryEcho(ctx context.Context, public, path, token string) connection.Check {
	who, setting := "公众号", "LOUDOU_OFFICIAL_TOKEN"
	if path == "/hook/mini" {
		who, setting = "小程序", "LOUDOU_MINI_TOKEN"
	}
	out := connection.Check{State: connection.Off, Text: "没有设置" + who + "的 Token 或 LOUDOU_PUBLIC_URL"}
	if public == "" || token == "" {
		return out
	}
	raw := make([]byte, 8)
	if _, err := rand.Read(raw); err != nil {
		panic(err)
	}
	echo, nonce, stamp := "loudou-"+hex.EncodeToString(raw), hook.OwnNonce+hex.EncodeToString(raw), strconv.FormatInt(time.Now().Unix(), 10)
	parts := []string{token, stamp, nonce}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // as WeChat signs
	address := public + path + "?" + url.Values{"signature": {hex.EncodeToString(sum[:])}, "timestamp": {stamp}, "nonce": {nonce}, "echostr": {echo}}.Encode()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out.State = connection.Bad
	out.Fix = "服务要在运行，域名要解析到这里，证书要有效，反向代理要转发 /hook/"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		out.Text = "LOUDOU_PUBLIC_URL 不是网址"
		return out
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address holds a signature
		}
		out.Text = public + " 打不开：" + err.Error()
		return out
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1024))
	if err != nil || res.StatusCode != http.StatusOK || string(body) != echo {
		out.Text = fmt.Sprintf("%s%s 没有按微信的要求回应（状态 %d）", public, path, res.StatusCode)
		out.Fix = "确认这个地址就是本服务，而且运行中的服务和这里用同一个 " + setting
		return out
	}
	return connection.Check{State: connection.OK, Text: public + path + " 按微信的要求回应"}
}

// tryClock compares our clock with WeChat's: it refuses signatures five minutes off.
func tryClock(ctx context.Context, api string) connection.Check {
	out := connection.Check{Key: "try_clock", Title: "和微信的时钟", State: connection.Warn, Text: "问不到微信的时间", Fix: "检查这台机器能否访问 " + api}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, api, nil)
	if err != nil {
		return out
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return out
	}
	_ = res.Body.Close()
	theirs, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return out
	}
	skew := time.Since(theirs).Abs()
	out.State, out.Text, out.Fix = connection.OK, fmt.Sprintf("相差 %d 秒", int(skew.Seconds())), ""
	if skew > 2*time.Minute {
		out.State, out.Fix = connection.Bad, "打开时间同步（NTP）：相差超过 5 分钟，签名会被拒绝"
	}
	return out
}
