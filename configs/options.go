package configs

import (
	"fmt"

	"github.com/berthdb/berth/shard/instance"
)

// MySQLOptions are the names of the Go MySQL driver's options that make sense
// under a router; instance.Options says what each does.
func MySQLOptions() []string {
	return []string{
		"allowCleartextPasswords", "clientFoundRows", "collation", "columnsWithAlias", "interpolateParams",
		"loc", "maxAllowedPacket", "parseTime", "timeTruncate",
	}
}

func checkOption(name, value string) error {
	known, err := new(instance.Options).Set(name, value)
	if err == nil && !known {
		err = fmt.Errorf("%q is no option that makes sense under a router; %s", name, Suggest(name, MySQLOptions()))
	}
	return err
}

// options are those of the account's connections.
func (m MySQL) options() (instance.Options, error) {
	var o instance.Options
	for name, value := range m.Options {
		text := fmt.Sprint(value)
		if err := checkOption(name, text); err != nil {
			return o, fmt.Errorf("mysql.options: %w", err)
		}
		_, _ = o.Set(name, text) // checkOption has seen its error
	}
	return o, nil
}
