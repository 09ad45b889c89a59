package main

import (
	"context"

	"loudou/service/bucket"
	"loudou/service/connection"
)

// tryBucket writes, reads and deletes a small file where lessons' films are kept.
func tryBucket(ctx context.Context, b *bucket.Bucket) connection.Check {
	out := connection.Check{Key: "try_bucket", Title: "文件存储", State: connection.Off, Text: "没有设置对象存储（LOUDOU_S3_URL），文件存在本机磁盘上"}
	if b == nil {
		return out
	}
	t := b.Probe(ctx)
	if t.Step == "" {
		out.State, out.Text = connection.OK, "能写、能读、能删，不带签名打不开"
		return out
	}
	out.State = connection.Bad
	if t.Step == "open" {
		out.Text, out.Fix = "桶里的文件不带签名也能打开：谁拿到地址都能看付费课程", "把桶的读写权限改成「私有」，并检查桶策略里有没有放开匿名读取"
		return out
	}
	code := t.Code
	if code == "" {
		code = "连不上"
	}
	step := map[string]string{"write": "写入", "read": "读取", "delete": "删除"}[t.Step]
	out.Text = "试着" + step + "一个小文件没有成功：" + code
	out.Fix = bucketAdvice(t)
	return out
}

// bucketAdvice goes by the codes S3 and those that speak like it answer with.
func bucketAdvice(t bucket.Tried) string {
	switch t.Code {
	case "":
		return "检查 LOUDOU_S3_URL 写的是不是存储的接入地址（带 https://，不带桶名），这台机器能不能访问它"
	case "NoSuchBucket":
		return "没有这个桶：检查 LOUDOU_S3_BUCKET，或先在存储的控制台里建好；若桶名应写在域名里，把 LOUDOU_S3_LOOKUP 设成 dns，反之设成 path"
	case "InvalidAccessKeyId":
		return "密钥 ID 不对或已停用：检查 LOUDOU_S3_ACCESS_KEY"
	case "SignatureDoesNotMatch":
		return "密钥不对：检查 LOUDOU_S3_SECRET_KEY；密钥没错就检查 LOUDOU_S3_REGION 是不是桶所在的地域"
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "AuthorizationQueryParametersError":
		return "地域不对：把 LOUDOU_S3_REGION 设成桶所在的地域"
	case "RequestTimeTooSkewed":
		return "这台机器的时钟偏得太多：打开时间同步（timedatectl set-ntp true）"
	case "AccessDenied", "AllAccessDisabled":
		right := map[string]string{"write": "写（PutObject）", "read": "读（GetObject）", "delete": "删（DeleteObject）"}[t.Step]
		return "这把密钥没有" + right + "的权限：在存储的控制台里给它这个桶的读、写、删三种权限"
	}
	return "按这个代码查存储的错误说明；欠费、配额用完和存储自己的故障也会这样"
}
