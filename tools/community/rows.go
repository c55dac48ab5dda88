package community

import (
	"fmt"

	"github.com/berthdb/berth/router"
)

// batches are the rows that a member has at the beginning.
func (c *Community) batches(id int64) []router.Batch {
	contacts, conversations, messages := c.size(id)
	people := router.Batch{Table: "contacts", Columns: []string{"member_id", "id", "name", "email"}, Keys: []string{"member_id", "id"}}
	for i := 1; i <= contacts; i++ {
		name := givenNames[(int(id)+i)%len(givenNames)]
		people.Rows = append(people.Rows, []any{id, i, name, fmt.Sprintf("%s.%d@example.org", name, int(id)*7+i)})
	}
	talks := router.Batch{Table: "conversations", Columns: []string{"member_id", "id", "title", "messages"}, Keys: []string{"member_id", "id"}}
	for i := range conversations {
		n := messages / conversations
		if i < messages%conversations {
			n++
		}
		talks.Rows = append(talks.Rows, []any{id, i + 1, "about " + subjects[(int(id)+i)%len(subjects)], n})
	}
	texts := router.Batch{Table: "messages", Columns: []string{"member_id", "conversation_id", "id", "body"}, Keys: []string{"member_id", "conversation_id", "id"}}
	for i := range messages {
		texts.Rows = append(texts.Rows, []any{id, i%conversations + 1, i + 1, body(int(id) + i)})
	}
	return []router.Batch{people, talks, texts}
}

func body(n int) string {
	return fmt.Sprintf("%s %s, and then the %s", givenNames[n%len(givenNames)], verbs[n%len(verbs)], subjects[(n*3)%len(subjects)])
}

var (
	givenNames = []string{"ann", "bo", "chidi", "dana", "emre", "fatou", "gil", "hana", "ines", "juno", "kofi", "lena", "mei"}
	subjects   = []string{"harbour", "budget", "trip", "release", "garden", "letters", "concert", "roof", "bread", "exam", "boat"}
	verbs      = []string{"asked again", "is in", "can't come", "found it", "says thanks", "needs a day", "moved house"}
)
