// The peer of the bench: the health manager that a Go program would write for itself, one map behind one
// read/write lock, with copies wherever a caller could otherwise reach into the state.
package main

import (
	"fmt"
	"sync"
	"time"
)

type status int

const (
	unspecified status = iota
	healthy
	degraded
	unhealthy
)

func (s status) String() string {
	switch s {
	case healthy:
		return "healthy"
	case degraded:
		return "degraded"
	case unhealthy:
		return "unhealthy"
	}
	return "unspecified"
}

type component struct {
	status   status
	message  string
	metadata map[string]string
}

type observer func(name string, from, to status, message string, metadata map[string]string)

type manager struct {
	mu             sync.RWMutex
	components     map[string]*component
	livenessGrace  time.Time
	readinessGrace time.Time
	standby        bool
	observe        observer
}

func newManager() *manager {
	return &manager{components: map[string]*component{}}
}

func (m *manager) register(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, found := m.components[name]; !found {
		m.components[name] = &component{metadata: map[string]string{}}
	}
}

func copyOf(metadata map[string]string) map[string]string {
	copied := make(map[string]string, len(metadata))
	for key, value := range metadata {
		copied[key] = value
	}
	return copied
}

// update copies the caller's metadata, keeps the previous one for nil, and tells the observer of a changed
// status after the lock is released.
func (m *manager) update(name string, to status, message string, metadata map[string]string) {
	m.mu.Lock()
	c, found := m.components[name]
	if !found {
		m.mu.Unlock()
		return
	}
	from := c.status
	c.status = to
	c.message = message
	if metadata != nil {
		c.metadata = copyOf(metadata)
	}
	observe := m.observe
	if observe == nil || from == to {
		m.mu.Unlock()
		return
	}
	told := copyOf(c.metadata)
	m.mu.Unlock()
	observe(name, from, to, message, told)
}

// within spares the clock while no grace period was ever set.
func within(grace time.Time) bool {
	return !grace.IsZero() && time.Now().Before(grace)
}

func (m *manager) liveness() error {
	if within(m.livenessGrace) {
		return nil
	}
	if c, found := m.components["collector_manager"]; found && c.status == unhealthy {
		return fmt.Errorf("collector_manager is unhealthy: %s", c.message)
	}
	return nil
}

func (m *manager) readiness() error {
	if m.standby || within(m.readinessGrace) {
		return nil
	}
	for _, name := range []string{"collector_manager", "dakr_transport"} {
		c, found := m.components[name]
		if !found {
			return fmt.Errorf("%s is not registered", name)
		}
		if c.status != healthy && c.status != degraded {
			return fmt.Errorf("%s is not ready (status: %s)", name, c.status)
		}
	}
	return nil
}

func (m *manager) report() map[string]component {
	copied := make(map[string]component, len(m.components))
	for name, c := range m.components {
		copied[name] = component{c.status, c.message, copyOf(c.metadata)}
	}
	return copied
}

func (m *manager) livenessCheck() error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.liveness()
}

func (m *manager) checkLiveness() (map[string]component, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.report(), m.liveness()
}

func (m *manager) checkReadiness() (map[string]component, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.report(), m.readiness()
}
