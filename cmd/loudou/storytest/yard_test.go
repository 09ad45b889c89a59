package storytest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/officialaccount"
	offconfig "github.com/silenceper/wechat/v2/officialaccount/config"
	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/sirupsen/logrus"

	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
)

// yardEnv makes the test's own binary the reference of the callback: a process of its own, as the product
// is one, holding the account's settings as JSON.
const yardEnv = "LOUDOU_BENCH_YARD"

const yardAnswer = "课程在小程序里"

// startYard runs the reference and gives the addresses of gin with the SDK's receiver, and of gin with
// ours; it ends with the benchmark.
func startYard(b *testing.B, oa wechattest.App) (theirs, bare string) {
	b.Helper()
	settings, err := json.Marshal(oa)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), os.Args[0]) //nolint:gosec // this test
	cmd.Env, cmd.SysProcAttr = append(os.Environ(), yardEnv+"="+string(settings)), withParent()
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	theirs, bare, ok := strings.Cut(strings.TrimSpace(line), " ")
	if err != nil || !ok {
		b.Fatalf("the reference said %q: %v", line, err)
	}
	return theirs, bare
}

// serveYard is the child: it serves until it is killed.
func serveYard() {
	var oa wechattest.App
	if err := json.Unmarshal([]byte(os.Getenv(yardEnv)), &oa); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	gin.SetMode(gin.ReleaseMode)
	logrus.SetOutput(io.Discard) // the reference with a quiet log
	serve := func(h http.Handler) string {
		ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a benchmark
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		s := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
		go func() { _ = s.Serve(ln) }()
		return ln.Addr().String()
	}
	fmt.Println(serve(sdkYard(oa)), serve(bareYard(oa)))
	select {}
}

// sdkYard is gin and silenceper's receiver with a text answer.
func sdkYard(oa wechattest.App) http.Handler {
	account := officialaccount.NewOfficialAccount(&offconfig.Config{AppID: oa.AppID, AppSecret: oa.Secret, Token: oa.Token, EncodingAESKey: oa.AESKey, Cache: cache.NewMemory()})
	r := gin.New()
	r.POST("/hook/official", func(c *gin.Context) {
		s := account.GetServer(c.Request, c.Writer)
		s.SetMessageHandler(func(*message.MixMessage) *message.Reply {
			return &message.Reply{MsgType: message.MsgTypeText, MsgData: message.NewText(yardAnswer)}
		})
		if s.Serve() == nil {
			_ = s.Send()
		}
	})
	return r
}

// bareYard is gin and our receiver with the same answer, and nothing else.
func bareYard(oa wechattest.App) http.Handler {
	receiver, err := wechat.NewReceiver(wechat.ReceiverOptions{AppID: oa.AppID, Token: oa.Token, AESKey: oa.AESKey})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	r := gin.New()
	r.POST("/hook/official", func(c *gin.Context) {
		if receiver.Query(c.Request.URL.RawQuery) != nil {
			c.Status(http.StatusForbidden)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, wechat.MaxPush))
		if err != nil {
			return
		}
		env, err := receiver.Open(c.Request.Context(), c.Request.URL.RawQuery, body)
		if err != nil {
			c.Status(http.StatusForbidden)
			return
		}
		out := fmt.Sprintf("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[gh]]></FromUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content></xml>", env.Push.FromUserName, time.Now().Unix(), yardAnswer)
		c.Data(http.StatusOK, "application/xml; charset=utf-8", receiver.Seal(env, []byte(out)))
	})
	return r
}
