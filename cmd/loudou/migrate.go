package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"loudou/model/migration"
	"loudou/service/store"
)

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "bring the schema up to date, or show where it is", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	run := func(cmd *cobra.Command, up bool) error {
		c, err := settings(false)
		if err != nil {
			return err
		}
		db, err := store.OpenDB(c.Database)
		if err != nil {
			return err
		}
		if up {
			if err := migration.Up(cmd.Context(), db); err != nil {
				return err
			}
		}
		list, err := migration.Status(cmd.Context(), db)
		if err != nil {
			return err
		}
		for _, x := range list {
			state := "missing"
			if x.Applied {
				state = "applied"
			}
			fmt.Printf("%04d  %-8s %s\n", x.Number, state, x.Name)
		}
		return nil
	}
	cmd.AddCommand(
		&cobra.Command{Use: "status", Short: "list the changes and which are applied", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd, false) }},
		&cobra.Command{Use: "up", Short: "apply what is missing", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd, true) }},
	)
	return cmd
}
