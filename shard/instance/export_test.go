package instance

// Worst is reached by a replica with several channels only, which takes three
// servers to have.
var Worst = worst
