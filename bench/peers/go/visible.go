// How long a change takes until another goroutine sees it: one looks under the read lock without pause, one updates.
package main

import "time"

// Before each change, as long as in the other subjects.
const idle = 3 * time.Millisecond
const giveUp = 5 * time.Second

type sight struct {
	isSeen bool
	at     time.Time
}

func (m *manager) isUnhealthy() bool { return m.livenessCheck() != nil }

// look asks until the verdict is as wanted.
func (m *manager) look(wanted bool, seen chan<- sight) {
	for end := time.Now().Add(giveUp); ; {
		isSeen := m.isUnhealthy() == wanted
		now := time.Now()
		if isSeen || now.After(end) {
			seen <- sight{isSeen, now}
			return
		}
	}
}

// visible turns the verdict around; the time runs from before the update until the other goroutine saw it.
func visible(m *manager) time.Duration {
	to := unhealthy
	if m.isUnhealthy() {
		to = healthy
	}
	seen := make(chan sight)
	go m.look(to == unhealthy, seen)
	time.Sleep(idle)
	start := time.Now()
	m.update("collector_manager", to, message, nil)
	sighting := <-seen
	elapsed := sighting.at.Sub(start)
	if !sighting.isSeen || elapsed < 0 {
		panic("the change was not seen, or before it was made")
	}
	return elapsed
}
