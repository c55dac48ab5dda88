package instance

import (
	"context"
	"crypto/rand"
	"errors"
	"io"

	"github.com/go-sql-driver/mysql"
)

// LoadLocal runs LOAD DATA LOCAL INFILE with r as the file; into is the
// statement from INTO TABLE on. It returns the number of rows stored. The
// server must have local_infile ON.
//
// LOCAL makes the server go on after errors: rows with a duplicate key are left
// out and values that don't fit are cut, each with a warning. Callers who mind
// compare the number of rows and look at the warnings.
//
// When r fails, its error is returned, and the rows read before it are stored
// all the same: run it in a transaction.
func (c *Conn) LoadLocal(ctx context.Context, into string, r io.Reader) (rows int64, err error) {
	// The driver knows readers by name, in one register for all connections.
	name := "berth-" + rand.Text()
	file := &localFile{r: r}
	mysql.RegisterReaderHandler(name, func() io.Reader { return file })
	defer mysql.DeregisterReaderHandler(name)
	res, err := c.ExecContext(ctx, "LOAD DATA LOCAL INFILE 'Reader::"+name+"' "+into, nil)
	if file.err != nil && !errors.Is(file.err, io.EOF) {
		return 0, file.err // rather than what it led to
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// localFile remembers how the reader ended. It hides its Close from the driver.
type localFile struct {
	r   io.Reader
	err error
}

func (f *localFile) Read(b []byte) (n int, err error) {
	n, err = f.r.Read(b)
	if err != nil {
		f.err = err
	}
	return n, err
}
