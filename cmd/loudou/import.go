package main

import (
	"context"
	"fmt"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"loudou/model"
	"loudou/service/event"
	"loudou/service/learner"
	"loudou/service/store/csvfile"
)

// importCommand takes history in from CSV files.
func importCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "take history in from a CSV file; a second import of the same file adds nothing"}
	add := func(what, short, unit string, read func(ctx context.Context, h *house, file *os.File, told func(int)) (csvfile.Done, error)) {
		cmd.AddCommand(&cobra.Command{
			Use: what + " FILE.csv", Short: short, Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return importFile(cmd.Context(), args[0], unit, read) },
		})
	}
	add("events", "events of before", "事件", func(ctx context.Context, h *house, file *os.File, told func(int)) (csvfile.Done, error) {
		done, err := h.events.Import(ctx, event.Import{File: file, MiniAppID: h.cfg.MiniAppID, OfficialAppID: h.cfg.OfficialAppID, Persons: h.persons, Progress: told})
		return csvfile.Done{Rows: done.Rows, Added: done.Added, Had: done.Duplicate}, err
	})
	add("learners", "learners of an older shop, and the courses they have", "学员", func(ctx context.Context, h *house, file *os.File, told func(int)) (csvfile.Done, error) {
		return h.learners.Import(ctx, learner.Import{File: file, Course: h.courseKnown, Give: h.giving.Import, Progress: told})
	})
	add("courses", "courses and their lessons, as drafts", "课时", func(ctx context.Context, h *house, file *os.File, told func(int)) (csvfile.Done, error) {
		return h.courses.Import(ctx, commandLine, file, told)
	})
	add("articles", "articles, as drafts or as published before", "文章", func(ctx context.Context, h *house, file *os.File, told func(int)) (csvfile.Done, error) {
		return h.articles.Import(ctx, commandLine, file, told)
	})
	return cmd
}

// commandLine is who does what is done here.
var commandLine = model.Operator{Name: "命令行"}

func importFile(ctx context.Context, path, unit string, read func(ctx context.Context, h *house, file *os.File, told func(int)) (csvfile.Done, error)) error {
	cfg, err := settings(false)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
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
	if err := h.ready(ctx); err != nil {
		return err
	}
	bar := progressBar(2*size.Size(), unit)
	done, err := read(ctx, h, file, func(n int) { _ = bar.Add(n) })
	_ = bar.Finish()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Printf("共 %d 行：新增 %d，已有 %d\n", done.Rows, done.Added, done.Had)
	return nil
}

// courseKnown tells whether there is such a course.
func (h *house) courseKnown(ctx context.Context, id int64) (bool, error) {
	named, err := h.courses.Named(ctx, []int64{id})
	_, ok := named[id]
	return ok, err
}

// progressBar is a bar on a terminal, and silent elsewhere.
func progressBar(total int64, what string) *progressbar.ProgressBar {
	if !isatty.IsTerminal(os.Stderr.Fd()) {
		return progressbar.DefaultSilent(total)
	}
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(what), progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100_000_000), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
}
