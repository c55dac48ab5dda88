// Package verdict judges a history: whether what the clients were told can have
// come from one server that does one operation after the other on each member.
//
//	ops, err := history.Load("round-3")
//	findings := verdict.Judge(ops, finals, 30*time.Second)
//	for _, f := range findings {
//		fmt.Println(f)          // "member 17, round 3: lost: append of 4000017 by …"
//	}
//
// Rules that need no search come first, since what they say is plain: an
// acknowledged value is there at the end, exactly once; none that failed, and
// none that nobody wrote, was ever seen; a list only grows at its end. Then
// porcupine searches an order of all operations that explains every answer
// (linearizability), object by object.
//
// # Unknown outcomes
//
// An operation whose outcome is unknown may take effect at any time after its
// call, which makes the search explode. Values are unique, so it is told
// afterwards: one whose value nobody ever saw is left out (in every order that
// has it, it can be taken out), and one whose value was seen took effect before
// the first who saw it had his answer.
//
// # Caveats
//
// A search that does not end in its time is a finding of its own, Undecided:
// neither proof nor fault.
package verdict
