package xpay

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"loudou/model"
)

// Goods (道具) is one thing on sale there: a course. Name has at most 20 characters.
type Goods struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Price    model.Fen `json:"price"`
	Remark   string    `json:"remark"`
	ImageURL string    `json:"item_url"`
}

// BatchState is how far an upload or a publication is; both run at WeChat, one of a kind at a time.
type BatchState int

// The states of a batch.
const (
	BatchNone    BatchState = 0
	BatchRunning BatchState = 1
	BatchFailed  BatchState = 2 // or in part
	BatchDone    BatchState = 3
)

// Batch is a batch's state and, for what failed, WeChat's words.
type Batch struct {
	State BatchState
	Items map[string]BatchItem
}

// BatchItem is one goods item in a batch.
type BatchItem struct {
	State int // as WeChat counts: 0 waiting, 1 failed as a duplicate, 2 running, 3 failed, 4 done; publishing: 0 waiting, 1 running, 2 failed, 3 done
	Said  string
}

// UploadGoods starts registering goods; ErrUnavailable (268490012) while another batch runs. Source: start_upload_goods.
func (c *Client) UploadGoods(ctx context.Context, goods []Goods) error {
	if len(goods) == 0 {
		return decline("start_upload_goods", "no goods")
	}
	goods = slices.Clone(goods)
	for i := range goods {
		g := &goods[i]
		if g.ID == "" || len(g.ID) > 64 || g.Price < 1 || g.Name == "" {
			return decline("start_upload_goods", "id, name or price of a goods item")
		}
		if utf8.RuneCountInString(g.Name) > 20 {
			g.Name = string([]rune(g.Name)[:20])
		}
		if g.Remark == "" {
			g.Remark = g.Name
		}
	}
	_, err := c.call(ctx, "start_upload_goods", struct {
		Items []Goods `json:"upload_item"`
		Env   Env     `json:"env"`
	}{goods, c.o.Env}, nil)
	return err
}

// UploadStatus tells how the last upload stands. Source: query_upload_goods.
func (c *Client) UploadStatus(ctx context.Context) (Batch, error) {
	var out struct {
		Status int `json:"status"`
		Items  []struct {
			ID     string `json:"id"`
			Status int    `json:"upload_status"`
			Said   string `json:"errmsg"`
		} `json:"upload_item"`
	}
	if _, err := c.call(ctx, "query_upload_goods", envOnly{c.o.Env}, &out); err != nil {
		return Batch{}, err
	}
	b := Batch{State: BatchState(out.Status), Items: map[string]BatchItem{}}
	for _, i := range out.Items {
		b.Items[i.ID] = BatchItem{State: i.Status, Said: i.Said}
	}
	return b, nil
}

type envOnly struct {
	Env Env `json:"env"`
}

// StartPublish puts registered goods on sale. Source: start_publish_goods.
func (c *Client) StartPublish(ctx context.Context, ids []string) error {
	type item struct {
		ID string `json:"id"`
	}
	items := make([]item, len(ids))
	for i, id := range ids {
		items[i].ID = id
	}
	_, err := c.call(ctx, "start_publish_goods", struct {
		Items []item `json:"publish_item"`
		Env   Env    `json:"env"`
	}{items, c.o.Env}, nil)
	return err
}

// PublishStatus tells how the last publication stands. Source: query_publish_goods.
func (c *Client) PublishStatus(ctx context.Context) (Batch, error) {
	var out struct {
		Status int `json:"status"`
		Items  []struct {
			ID     string `json:"id"`
			Status int    `json:"publish_status"`
			Said   string `json:"errmsg"`
		} `json:"publish_item"`
	}
	if _, err := c.call(ctx, "query_publish_goods", envOnly{c.o.Env}, &out); err != nil {
		return Batch{}, err
	}
	b := Batch{State: BatchState(out.Status), Items: map[string]BatchItem{}}
	for _, i := range out.Items {
		b.Items[i.ID] = BatchItem{State: i.Status, Said: i.Said}
	}
	return b, nil
}

// The pauses of PublishGoods between two looks; WeChat usually needs seconds.
const (
	firstLook = 200 * time.Millisecond
	longLook  = 3 * time.Second
)

// PublishGoods registers and publishes one goods item, and waits for both within ctx. Doing it again, for instance
// with another price, is safe. It is made for a job: ErrUnavailable means not done yet, do it again. A new item can
// be bought some minutes later. Errors: ErrInvalid names what WeChat refuses.
func (c *Client) PublishGoods(ctx context.Context, id, name string, price model.Fen, imageURL string) error {
	if err := c.UploadGoods(ctx, []Goods{{ID: id, Name: name, Price: price, ImageURL: imageURL}}); err != nil {
		return err
	}
	if err := c.await(ctx, "/xpay/query_upload_goods", id, c.UploadStatus); err != nil {
		return err
	}
	if err := c.StartPublish(ctx, []string{id}); err != nil {
		return err
	}
	return c.await(ctx, "/xpay/query_publish_goods", id, c.PublishStatus)
}

func (c *Client) await(ctx context.Context, path, id string, look func(context.Context) (Batch, error)) error {
	for pause := firstLook; ; pause = min(pause*2, longLook) {
		b, err := look(ctx)
		if err != nil {
			return err
		}
		switch b.State {
		case BatchDone:
			return nil
		case BatchFailed:
			said := b.Items[id].Said
			return &model.CallError{Call: path, Code: "batch_failed", Said: said, Kind: model.ErrInvalid, Text: "虚拟支付没有接受道具：" + said}
		}
		select {
		case <-ctx.Done():
			return &model.CallError{Call: path, Said: "still running", Kind: model.ErrUnavailable, Text: "道具还在发布，请稍后再看", Unknown: true}
		case <-time.After(pause):
		}
	}
}
