package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"loudou/model"
	"loudou/service/report"
)

// reportCommand makes a work report, and writes it to a file where one is named.
func reportCommand() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use: "report week|month DATE", Short: "make the work report of the week or month that holds a day", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := model.ParseDay(args[1])
			if err != nil {
				return err
			}
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
			r, err := h.reports.Make(ctx, model.Operator{}, model.ReportKind(args[0]), model.DayNumber(at))
			if err != nil {
				return err
			}
			fmt.Printf("%s，第 %d 版\n", r.Title(), r.Number)
			for _, c := range r.Changes() {
				fmt.Printf("%s：%s → %s\n", c.Label, c.Old, c.New)
			}
			if out == "" {
				return nil
			}
			body, _, err := report.File(r, report.Format(format))
			if err != nil {
				return err
			}
			f, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the caller names it
			if err != nil {
				return err
			}
			_, err = f.Write(body)
			return errors.Join(err, f.Close())
		},
	}
	cmd.Flags().StringVar(&format, "format", "docx", "docx, xlsx or html")
	cmd.Flags().StringVar(&out, "out", "", "write it to this file, which must not be there yet")
	return cmd
}
