package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"loudou/model"
	"loudou/service/event"
	"loudou/service/figure"
)

// reconcileCommand compares counters, roll-ups, rows and orders with each other and mends what must be equal.
func reconcileCommand() *cobra.Command {
	var from, to string
	var rebuild bool
	cmd := &cobra.Command{
		Use: "reconcile", Short: "compare Redis, roll-ups, events and orders; mend what must be equal", Args: cobra.NoArgs,
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
			if !h.ready(ctx) {
				return ctx.Err()
			}
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
				if err := h.events.Reconcile(ctx, []int{d}, rebuild, func(x event.Difference) {
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
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "first day, 2026-01-31 (default: 30 days ago)")
	cmd.Flags().StringVar(&to, "to", "", "last day (default: today)")
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "write every roll-up again from the rows; from the first event unless --from says otherwise")
	return cmd
}

var kindNames = map[int]string{event.KindAll: "全部", event.KindArticle: "文章", event.KindCourse: "课程", event.KindCampaign: "活动", event.KindExcluded: "未计入"}
