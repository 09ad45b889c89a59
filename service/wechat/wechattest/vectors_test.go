package wechattest

import (
	"encoding/json"
	"os"
	"testing"
)

type vector struct {
	ID, Kind string
	Inputs   struct {
		Parts                            []string
		Token, Timestamp, Nonce, Encrypt string
		EncodingAESKey                   string `json:"encoding_aes_key"`
		MsgSignature                     string `json:"msg_signature"`
		Random16                         string
		Msg                              string
		ReceiveID                        string `json:"receive_id"`
		ExpectedReceiveID                string `json:"expected_receive_id"`
		Key, Data                        string
	}
	Expect struct {
		Signature    string
		Msg          string
		ReceiveID    string `json:"receive_id"`
		Encrypt      string
		MsgSignature string `json:"msg_signature"`
		Hex          string
		Reject       string
		SignatureOK  bool `json:"signature_valid"`
	}
}

func vectors(t *testing.T) []vector {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

// TestVectors proves the fake's own cipher and signatures against values from outside.
func TestVectors(t *testing.T) {
	seen := map[string]int{}
	for _, v := range vectors(t) {
		in, want := v.Inputs, v.Expect
		seen[v.Kind]++
		t.Run(v.ID, func(t *testing.T) {
			switch v.Kind {
			case "sha1_sorted":
				if got := Sign(in.Parts...); got != want.Signature {
					t.Errorf("Sign = %s, want %s", got, want.Signature)
				}
			case "msg_decrypt":
				if got := Sign(in.Token, in.Timestamp, in.Nonce, in.Encrypt); got != in.MsgSignature {
					t.Errorf("msg_signature = %s, want %s", got, in.MsgSignature)
				}
				msg, id, err := Decrypt(in.EncodingAESKey, in.Encrypt)
				if err != nil || string(msg) != want.Msg || id != want.ReceiveID {
					t.Errorf("Decrypt = %q, %q, %v; want %q, %q", msg, id, err, want.Msg, want.ReceiveID)
				}
			case "msg_encrypt":
				got, err := encrypt(in.EncodingAESKey, in.ReceiveID, []byte(in.Msg), []byte(in.Random16))
				if err != nil || got != want.Encrypt {
					t.Errorf("encrypt = %s, %v; want %s", got, err, want.Encrypt)
				}
				if want.MsgSignature != "" {
					if sig := Sign(in.Token, in.Timestamp, in.Nonce, got); sig != want.MsgSignature {
						t.Errorf("msg_signature = %s, want %s", sig, want.MsgSignature)
					}
				}
			case "msg_reject":
				if sig := Sign(in.Token, in.Timestamp, in.Nonce, in.Encrypt); (sig == in.MsgSignature) != want.SignatureOK {
					t.Errorf("signature good = %v, want %v", sig == in.MsgSignature, want.SignatureOK)
				}
			case "hmac_sha256_hex":
				if got := HMAC(in.Key, in.Data); got != want.Hex {
					t.Errorf("HMAC = %s, want %s", got, want.Hex)
				}
			}
		})
	}
	for _, k := range []string{"sha1_sorted", "msg_decrypt", "msg_encrypt", "msg_reject", "hmac_sha256_hex"} {
		if seen[k] == 0 {
			t.Errorf("no vector of kind %s", k)
		}
	}
}
