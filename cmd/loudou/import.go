package main

import (
	"fmt"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"loudou/service/event"
)

// importCommand takes history in from CSV files.
func importCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "take history in from a CSV file"}
	cmd.AddCommand(&cobra.Command{
		Use: "events FILE.csv", Short: "events; a second import of the same file adds nothing", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := settings(false)
			if err != nil {
				return err
			}
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			size, err := file.Stat()
			if err != nil {
				return err
			}
			h, err := build(cfg)
			if err != nil {
				return err
			}
			defer h.close()
			if !h.ready(cmd.Context()) {
				return cmd.Context().Err()
			}
			bar := progressBar(2*size.Size(), "事件")
			done, err := h.events.Import(cmd.Context(), event.Import{
				File: file, MiniAppID: cfg.MiniAppID, OfficialAppID: cfg.OfficialAppID, Persons: h.persons,
				Progress: func(n int) { _ = bar.Add(n) },
			})
			_ = bar.Finish()
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			fmt.Printf("共 %d 行：新增 %d，已有 %d\n", done.Rows, done.Added, done.Duplicate)
			return nil
		},
	})
	return cmd
}

// progressBar is a bar on a terminal, and silent elsewhere.
func progressBar(total int64, what string) *progressbar.ProgressBar {
	if !isatty.IsTerminal(os.Stderr.Fd()) {
		return progressbar.DefaultSilent(total)
	}
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(what), progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100_000_000), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
}
