package instance_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/berthdb/berth/shard/instance"
)

func TestLoadLocal(t *testing.T) {
	p := newPlace(t)
	run(t, p.admin, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))")
	conn := p.connect(instance.Config{User: p.server.Root().User, Password: instance.Literal(p.server.Root().Password), Database: p.database, WithoutHello: true})
	rows, err := conn.LoadLocal(t.Context(), "INTO TABLE t", strings.NewReader("1\ta\n2\tb\n"))
	if rows != 2 || err != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
	// A duplicate is left out.
	if rows, err = conn.LoadLocal(t.Context(), "INTO TABLE t", strings.NewReader("2\tc\n3\td\n")); rows != 1 || err != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
	if got := ask[string](t, p.admin, "SELECT GROUP_CONCAT(id, v ORDER BY id) FROM t"); got != "1a,2b,3d" {
		t.Errorf("the table has %s", got)
	}
	// The reader's error comes back, and the connection is as good as before.
	broken := errors.New("broken")
	if _, err := conn.LoadLocal(t.Context(), "INTO TABLE t", io.MultiReader(strings.NewReader("4\te\n"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a failing reader gave %v", err)
	}
	if _, err := conn.LoadLocal(t.Context(), "INTO TABLE none", strings.NewReader("")); !instance.IsNoSuchTable(err) {
		t.Errorf("a missing table gave %v", err)
	}
	if rows, err = conn.LoadLocal(t.Context(), "INTO TABLE t", strings.NewReader("")); rows != 0 || err != nil {
		t.Errorf("an empty file gave %d rows, %v", rows, err)
	}
}
