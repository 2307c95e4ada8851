// GET /healthz as a Go program answers it: net/http, encoding/json, a copy of the state taken under the lock.
package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"
)

type componentBody struct {
	Status   string            `json:"status"`
	Message  string            `json:"message,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type body struct {
	Status     string                   `json:"status"`
	Error      string                   `json:"error,omitempty"`
	Components map[string]componentBody `json:"components,omitempty"`
}

func (m *manager) healthz(w http.ResponseWriter, _ *http.Request) {
	report, err := m.checkLiveness()
	answer := body{Status: "healthy", Components: make(map[string]componentBody, len(report))}
	code := http.StatusOK
	if err != nil {
		answer.Status, answer.Error, code = "unhealthy", err.Error(), http.StatusServiceUnavailable
	}
	for name, c := range report {
		answer.Components[name] = componentBody{c.status.String(), c.message, c.metadata}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(answer)
}

// serve listens on a free loopback port. With every > 0, one component after the other changes at that pace.
func serve(m *manager, names []string, every time.Duration) (int, func()) {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", m.healthz)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(listener)
	done := make(chan struct{})
	if every > 0 {
		go func() {
			ticks := time.NewTicker(every)
			defer ticks.Stop()
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				case <-ticks.C:
					count := strconv.Itoa(i)
					m.update(names[i%len(names)], healthy, "collecting, "+count+" active",
						map[string]string{"active": count, "total": "60"})
				}
			}
		}()
	}
	return listener.Addr().(*net.TCPAddr).Port, func() {
		close(done)
		server.Close()
	}
}
