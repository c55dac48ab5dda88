package rows

// What the tests ask of the inside.
var (
	PrintsAlike = printsAlike
	IsExact     = isExact
	AppendExact = appendExact
)

// Beyond is the condition for the rows after a position.
func (t Table) Beyond(p Position) (string, error) { return t.beyond(p) }
