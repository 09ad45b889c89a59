// Command loudou is the service and its tools.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"loudou/config"
)

// version is set by the build (-ldflags "-X main.version=…").
var version = "dev"

// exitSettings is the exit code for wrong or missing settings.
const exitSettings = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Files hold secrets and people's data: 0600 and 0700 whatever the machine's default is.
	syscall.Umask(0o077)
	err := root().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "loudou:", err)
	var faults config.Faults
	if errors.As(err, &faults) {
		os.Exit(exitSettings)
	}
	os.Exit(1)
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use: "loudou", Short: "Loudou 漏斗: from the article to the money, for a WeChat Official Account that sells courses",
		SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context()) },
	}
	cmd.PersistentFlags().StringVar(&settingsFile, "config", "loudou.yaml", "settings file; the environment goes over it")
	cmd.AddCommand(commands()...)
	return cmd
}

// commands lists what exists; a file of its own holds each.
func commands() []*cobra.Command {
	return []*cobra.Command{
		{Use: "serve", Short: "start the service (the default)", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context()) }},
		migrateCommand(),
		operatorCommand(),
		doctorCommand(),
		configCommand(),
		openapiCommand(),
		importCommand(),
		backupCommand(),
		restoreCommand(),
		reconcileCommand(),
		reportCommand(),
		demoCommand(),
		{Use: "version", Short: "print the version", Args: cobra.NoArgs, Run: func(*cobra.Command, []string) { fmt.Println("loudou", version) }},
	}
}

var settingsFile string

// settings loads and checks the settings, and sets up the log. serving: the service itself is to start.
func settings(serving bool) (config.Config, error) {
	c, err := config.Load(settingsFile, os.LookupEnv)
	if err != nil {
		return c, err
	}
	if err := c.Validate(serving); err != nil {
		return c, err
	}
	setLog(c.LogLevel)
	return c, nil
}

func setLog(name string) {
	var level slog.Level
	_ = level.UnmarshalText([]byte(name)) // Validate knows the names
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
}

func configCommand() *cobra.Command {
	table := false
	cmd := &cobra.Command{Use: "config", Short: "print the settings, secrets hidden", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		if table {
			fmt.Print(settingsTable())
			return nil
		}
		c, err := config.Load(settingsFile, os.LookupEnv)
		if err != nil {
			return err
		}
		fmt.Print(c)
		return c.Validate(true)
	}}
	cmd.Flags().BoolVar(&table, "table", false, "print every setting with default and meaning, as Markdown")
	return cmd
}

func settingsTable() string {
	var b strings.Builder
	b.WriteString("| name | default | meaning |\n| --- | --- | --- |\n")
	for _, r := range config.Table() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r[0], r[1], r[2])
	}
	return b.String()
}
