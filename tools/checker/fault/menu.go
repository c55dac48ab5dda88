package fault

import (
	"math/rand/v2"

	"github.com/berthdb/berth/tools/checker/stage"
)

// Choose is one of all the faults that the stage can be struck by.
func Choose(random *rand.Rand, s *stage.Stage, crew *stage.Crew) Fault {
	router := s.Routers[random.IntN(len(s.Routers))]
	shard := s.Shards[random.IntN(len(s.Shards))]
	menu := []Fault{
		KillWorker{crew}, KillWorker{crew}, StopWorker{crew},
		CutRouter{router}, StopRouter{router}, StopRouter{router}, KillRouter{router}, RestartCutRouter{router},
		KillServer{shard}, KillServer{shard}, DropConnections{shard}, HoldConnections{shard},
		RestartConsul{s.Consul},
	}
	return menu[random.IntN(len(menu))]
}
