package wechat

import "context"

// Quota is how often an interface may still be called today.
type Quota struct {
	DailyLimit int64 `json:"daily_limit"`
	Used       int64 `json:"used"`
	Remain     int64 `json:"remain"`
}

// GetQuota asks WeChat for the quota of path, as /cgi-bin/message/custom/send. ErrInvalid for a path that is not
// this account's. Source: 查询API调用额度.
func (c *Client) GetQuota(ctx context.Context, path string) (Quota, error) {
	var out struct {
		Quota Quota `json:"quota"`
	}
	err := c.post(ctx, "/cgi-bin/openapi/quota/get", map[string]string{"cgi_path": path}, &out)
	return out.Quota, err
}

// Reach is one line of WeChat's check of our callback address.
type Reach struct {
	IP       string // found by DNS, or pinged from
	Operator string
	Loss     string // of packages, as 0%
	Time     string
}

// CallbackCheck asks WeChat to find and ping our callback address from its network. Source: 网络通信检测.
func (c *Client) CallbackCheck(ctx context.Context) (dns, ping []Reach, err error) {
	var out struct {
		DNS []struct {
			IP       string `json:"ip"`
			Operator string `json:"real_operator"`
		} `json:"dns"`
		Ping []struct {
			IP       string `json:"ip"`
			Operator string `json:"from_operator"`
			Loss     string `json:"package_loss"`
			Time     string `json:"time"`
		} `json:"ping"`
	}
	in := map[string]string{"action": "all", "check_operator": "DEFAULT"}
	if err := c.post(ctx, "/cgi-bin/callback/check", in, &out); err != nil {
		return nil, nil, err
	}
	for _, d := range out.DNS {
		dns = append(dns, Reach{IP: d.IP, Operator: d.Operator})
	}
	for _, p := range out.Ping {
		ping = append(ping, Reach{IP: p.IP, Operator: p.Operator, Loss: p.Loss, Time: p.Time})
	}
	return dns, ping, nil
}
