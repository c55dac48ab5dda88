package binlog

// charset is a character set as far as members need it: its bytes are UTF-8,
// or are taken as they are.
type charset uint8

const (
	charsetOther charset = iota
	charsetBinary
	charsetASCII
	charsetLatin1
	charsetUTF8MB3
	charsetUTF8MB4
)

// charsetOf is the character set of a collation, by the numbers that the server
// has given them for good.
func charsetOf(collation uint64) charset {
	switch {
	case collation == 63:
		return charsetBinary
	case collation == 11, collation == 65:
		return charsetASCII
	case collation == 5, collation == 8, collation == 15, collation == 31,
		collation >= 47 && collation <= 49, collation == 94:
		return charsetLatin1
	case collation == 33, collation == 76, collation == 83,
		collation >= 192 && collation <= 215, collation == 223:
		return charsetUTF8MB3
	case collation == 45, collation == 46, collation >= 224 && collation <= 247,
		collation >= 255 && collation <= 323:
		return charsetUTF8MB4
	}
	return charsetOther
}
