package rows

// movingVariable is set in every session of a move that writes rows by
// ordinary statements, for triggers to look at.
const movingVariable = "@berth_move"
