package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"gorm.io/gorm"

	"loudou/config"
	"loudou/service/backup"
	"loudou/service/store"
)

func backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "save the database and the uploads into one file, while the service runs", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withDatabase(func(c config.Config, db *gorm.DB) error {
				o, finish := backupOptions(c, db, "备份")
				about, err := backup.Write(cmd.Context(), o, args[0])
				finish()
				if err != nil {
					return err
				}
				fmt.Printf("%s：%d 张表 %d 行，%d 个文件\n", args[0], len(about.Tables), about.Rows(), about.Files)
				if about.Bucket != "" {
					fmt.Printf("上传的文件在对象存储 %s 里，不在备份文件中：请用存储自己的办法另外备份\n", about.Bucket)
				}
				fmt.Println("LOUDOU_SECRET 不在文件里，请另外保存：没有它，加密的内容读不出来")
				return nil
			})
		},
	}
}

func restoreCommand() *cobra.Command {
	var newSecret bool
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "fill an empty database, of either kind, from a backup", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withDatabase(func(c config.Config, db *gorm.DB) error {
				o, finish := backupOptions(c, db, "恢复")
				t := backup.Target{Options: o, NewSecret: newSecret}
				if c.Redis != "" { // the one inside the service is empty at every start
					r, err := store.OpenRedis(c.Redis)
					if err != nil {
						return err
					}
					defer func() { _ = r.Close() }()
					t.Redis = r.UniversalClient
				}
				about, err := backup.Restore(cmd.Context(), t, args[0])
				finish()
				if err != nil {
					return err
				}
				fmt.Printf("已恢复 %s 的备份（版本 %s）：%d 张表 %d 行，%d 个文件\n", about.MadeAt.Local().Format("2006-01-02 15:04:05"), about.Version, len(about.Tables), about.Rows(), about.Files)
				if about.Bucket != "" && c.S3Bucket != about.Bucket {
					fmt.Printf("上传的文件在对象存储 %s 里：请把 LOUDOU_S3_BUCKET 等设置配好\n", about.Bucket)
				}
				fmt.Println("备份之后付的款：启动后等对账，或在「钱款待办」里逐笔问微信")
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&newSecret, "new-secret", false, "go on although LOUDOU_SECRET is another one: every learner logs in anew")
	return cmd
}

// withDatabase opens the database of the settings for run; nothing else of the house is started.
func withDatabase(run func(config.Config, *gorm.DB) error) error {
	c, err := settings(false)
	if err != nil {
		return err
	}
	db, err := store.OpenDB(c.Database)
	if err != nil {
		return err
	}
	if pool, err := db.DB(); err == nil {
		defer func() { _ = pool.Close() }()
	}
	return run(c, db)
}

func backupOptions(c config.Config, db *gorm.DB, what string) (backup.Options, func()) {
	o := backup.Options{DB: db, Folder: filepath.Join(c.Data, "media"), Bucket: c.S3Bucket, Secret: []byte(c.Secret), Version: version}
	bar := progressBar(1, what)
	o.Progress = func(done, all int64) {
		if done == 1 || bar.GetMax64() != all {
			bar.ChangeMax64(all)
		}
		_ = bar.Set64(done)
	}
	return o, func() { _ = bar.Finish() }
}
