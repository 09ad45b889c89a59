package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loudou/config"
	"loudou/model"
	"loudou/model/migration"
	"loudou/service/operator"
	"loudou/service/store"
)

// operatorCommand makes accounts from the machine itself: the way in when nobody can log in any more.
func operatorCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "operator", Short: "make an account for the console", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	var role string
	add := &cobra.Command{
		Use: "add NAME", Short: "add an operator; the password is LOUDOU_OPERATOR_PASSWORD, or random and printed once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return addOperator(cmd.Context(), args[0], model.Role(role))
		},
	}
	add.Flags().StringVar(&role, "role", string(model.RoleOwner), "owner, editor, reviewer, finance or viewer")
	cmd.AddCommand(add)
	return cmd
}

func addOperator(ctx context.Context, name string, role model.Role) error {
	c, err := config.Load(settingsFile, os.LookupEnv)
	if err != nil {
		return err
	}
	// The name comes from the command line; the two settings are a pair only for the service's own start.
	if c.OperatorName = ""; c.OperatorPassword != "" {
		c.OperatorName = name
	}
	if err := c.Validate(false); err != nil {
		return err
	}
	setLog("error")
	db, err := store.OpenDB(c.Database)
	if err != nil {
		return err
	}
	if pool, err := db.DB(); err == nil {
		defer func() { _ = pool.Close() }()
	}
	if err := migration.Up(ctx, db); err != nil {
		return err
	}
	password, random := c.OperatorPassword, c.OperatorPassword == ""
	if random {
		password = operator.RandomPassword()
	}
	o, err := operator.New(db, noLimit{}, operator.Options{}).Add(ctx, model.Operator{Name: "command line"}, name, password, role)
	var r *model.Refusal
	if errors.As(err, &r) {
		words := []string{r.Text}
		for _, f := range r.Fields {
			words = append(words, f.Field+": "+f.Message)
		}
		return errors.New(strings.Join(words, "; "))
	}
	if err != nil {
		return err
	}
	fmt.Printf("已添加操作员 %s（%s）\n", o.Name, o.Role)
	if random {
		fmt.Printf("密码 %s\n只显示这一次，请立即记下。\n", password)
	}
	return nil
}

// noLimit: who can run the program on the machine needs no limit.
type noLimit struct{}

func (noLimit) Try(context.Context, string, int, time.Duration, int) (time.Duration, bool) {
	return 0, true
}
func (noLimit) Forget(context.Context, string) {}
