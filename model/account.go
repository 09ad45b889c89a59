package model

import (
	"strconv"
	"strings"
)

// Account is the pair of an Official Account and a Mini Program that one deployment serves, by the number the database
// knows it by. Rows that no article, course or person ties to an account carry it.
type Account struct {
	Number        int     `gorm:"primaryKey;autoIncrement:false"`
	OfficialAppID *string `gorm:"column:official_appid"` // nil while none was set
	MiniAppID     *string `gorm:"column:mini_appid"`
}

// AccountRef names what is one account's as a whole: ref itself for account 0, the first of a database, ref@3 for
// account 3.
func AccountRef(account int, ref string) string {
	if account == 0 {
		return ref
	}
	return ref + "@" + strconv.Itoa(account)
}

// AccountOf takes apart what AccountRef made.
func AccountOf(named string) (account int, ref string) {
	ref, number, found := strings.Cut(named, "@")
	if found {
		account, _ = strconv.Atoi(number)
	}
	return account, ref
}
