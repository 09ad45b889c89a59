package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"loudou/model"
	"loudou/service/event"
	"loudou/service/figure"
)

// reconcileCommand compares counters, roll-ups, rows and orders with each other and mends what must be equal.
func reconcileCommand() *cobra.Command {
	var day, from, to string
	var rebuild bool
	cmd := &cobra.Command{
		Use: "reconcile", Short: "compare WeChat's bills, Redis, roll-ups, events and orders; mend what must be equal", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settings(false)
			if err != nil {
				return err
			}
			h, err := build(cfg)
			if err != nil {
				return err
			}
			defer h.close()
			ctx := cmd.Context()
			if err := h.ready(ctx); err != nil {
				return err
			}
			if day != "" {
				from, to = day, day
			}
			named := from != "" || to != ""
			if from == "" {
				from = model.Day(h.clock.now().AddDate(0, 0, -30))
				if rebuild {
					if from, err = h.figures.FirstDay(ctx); err != nil {
						return err
					}
				}
			}
			if to == "" {
				to = model.Day(h.clock.now())
			}
			span, err := figure.ParseSpan(from, to)
			if err != nil {
				return err
			}
			if err := h.events.Settle(ctx); err != nil {
				return err
			}
			days := span.Days()
			bar := progressBar(int64(len(days)), "对账")
			found := 0
			for _, d := range days {
				if err := h.events.Check(ctx, []int{d}, rebuild, func(x event.Difference) {
					found++
					fmt.Printf("%s %s %s %s %s：原为 %d，应为 %d，已改正\n", model.DayName(x.Day), x.Where, kindNames[x.Kind], x.Ref, x.Type, x.Was, x.Is)
				}); err != nil {
					return err
				}
				_ = bar.Add(1)
			}
			_ = bar.Finish()
			open, err := h.figures.CompareOrders(ctx, span)
			if err != nil {
				return err
			}
			for _, x := range open {
				fmt.Printf("%s %s %s：订单记 %d 分，事件记 %d 分，请人工查看\n", x.Day, x.What, x.No, x.Table, x.Events)
			}
			fmt.Printf("%s 至 %s：改正 %d 处，待查 %d 处\n", from, to, found, len(open))
			if rebuild {
				return nil
			}
			return h.bills(ctx, span.Days(), named)
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "one day, 2026-01-31; its bills are fetched again")
	cmd.Flags().StringVar(&from, "from", "", "first day, 2026-01-31 (default: 30 days ago)")
	cmd.Flags().StringVar(&to, "to", "", "last day (default: today)")
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "write every roll-up again from the rows; from the first event unless --from says otherwise")
	cmd.MarkFlagsMutuallyExclusive("day", "from")
	cmd.MarkFlagsMutuallyExclusive("day", "to")
	return cmd
}

// bills compares WeChat's bills with the ledger: the days that were named, else those of the span that are due.
func (h *house) bills(ctx context.Context, days []int, named bool) error {
	last := h.reconcile.LastDay()
	days = slices.DeleteFunc(slices.Clone(days), func(d int) bool { return d > last })
	vias := h.reconcile.Vias()
	if len(vias) == 0 || len(days) == 0 {
		return nil
	}
	if !named {
		if err := h.reconcile.Nightly(ctx); err != nil {
			return err
		}
	}
	bar := progressBar(int64(len(days)*len(vias)), "账单")
	var lines []string
	for _, d := range days {
		for _, via := range vias {
			var b model.Bill
			var err error
			if named {
				b, err = h.reconcile.Day(ctx, via, d)
			} else {
				b, err = h.reconcile.Bill(ctx, via, d)
			}
			_ = bar.Add(1)
			if errors.Is(err, model.ErrNotFound) {
				continue // before anything was sold here
			}
			if err != nil {
				return err
			}
			lines = append(lines, billLine(b))
		}
	}
	_ = bar.Finish()
	for _, l := range lines {
		fmt.Println(l)
	}
	return nil
}

var billStates = map[model.BillState]string{model.BillWaiting: "账单未出", model.BillFetched: "未比完", model.BillFailed: "账单不可用", model.BillNone: "无交易", model.BillDone: "已对账"}

func billLine(b model.Bill) string {
	s := fmt.Sprintf("%s %-5s %s：相符 %d，不符 %d，本店缺 %d，账单缺 %d", model.DayName(b.Day), b.Via, billStates[b.State], b.Equal, b.Differs, b.MissingHere, b.MissingThere)
	if b.State == model.BillDone {
		s += fmt.Sprintf("；收款 %s，退款 %s，手续费 %s，净额 %s 元", b.Paid.Yuan(), b.Refunded.Yuan(), b.Fee.Yuan(), b.Left().Yuan())
	}
	if b.Healed > 0 {
		s += fmt.Sprintf("；据账单补记 %d 笔", b.Healed)
	}
	if b.Error != "" {
		s += "；" + b.Error
	}
	return s
}

var kindNames = map[int]string{event.KindAll: "全部", event.KindArticle: "文章", event.KindCourse: "课程", event.KindCampaign: "活动", event.KindExcluded: "未计入"}
