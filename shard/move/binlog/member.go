package binlog

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/berthdb/berth/shard"
)

// Member is the member id that a row image has in a column. The table's own
// word on signs counts; unsigned is for sources whose binlog has none. A column
// whose bytes are not the member's canonical text or number is an error, and so
// is NULL.
func (t *Table) Member(image []byte, column int, unsigned bool, typ shard.MemberType) (shard.Member, error) {
	value, null, err := t.Field(image, column)
	if err != nil {
		return shard.Member{}, err
	}
	if null {
		return shard.Member{}, fmt.Errorf("member column %d of a row of %s: %w: it is NULL", column+1, t, shard.ErrBadMember)
	}
	m, err := t.columns[column].member(value, unsigned, typ)
	if err != nil {
		return shard.Member{}, fmt.Errorf("member column %d of a row of %s: %w", column+1, t, err)
	}
	return m, nil
}

func (col column) member(value []byte, unsigned bool, typ shard.MemberType) (shard.Member, error) {
	switch col.typ {
	case typTiny, typShort, typInt24, typLong, typLongLong:
		if col.signed != signUnknown {
			unsigned = col.signed == signUnsigned
		}
		m := integer(value, unsigned)
		return m, typ.Check(m)
	case typVarchar, typVarString, typString:
		text, err := col.text(value)
		if err != nil {
			return shard.Member{}, err
		}
		return typ.Parse(text)
	}
	return shard.Member{}, fmt.Errorf("columns of type %d hold no member ids, only integers and character types do", col.typ)
}

func integer(value []byte, unsigned bool) shard.Member {
	var wide [8]byte
	copy(wide[:], value)
	n := binary.LittleEndian.Uint64(wide[:])
	if unsigned {
		return shard.Uint(n)
	}
	unused := 64 - 8*len(value)
	return shard.Int(int64(n<<unused) >> unused)
}

// text undoes what packing does to a value of fixed length, so that it is what
// a SELECT gives: BINARY is filled up with zeros, CHAR ends in no space.
func (col column) text(value []byte) (string, error) {
	set := charsetOf(col.charset)
	if set == charsetOther {
		return "", fmt.Errorf("its collation, number %d, is of none of the character sets utf8mb4, utf8mb3, ascii, latin1 and binary", col.charset)
	}
	if col.typ == typString {
		if set == charsetBinary {
			return string(value) + string(make([]byte, max(col.meta-len(value), 0))), nil
		}
		value = bytes.TrimRight(value, " ")
	}
	return string(value), nil
}
