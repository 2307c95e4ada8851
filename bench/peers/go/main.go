// Takes one command a line on standard input and answers each with one line of JSON, so that the bench can
// shuffle this program's samples among those of the other subjects. Ends with its input.
//
//	unchanged N | unchanged-metadata N | flips N | distinct N | liveness N | readiness N
//	                        -> {"operations":N,"nanoseconds":T}
//	visible N               -> the same; N changes, each seen by another goroutine that looks without pause
//	serve COMPONENTS [MILLIS] -> {"port":P} with MILLIS > 0, one component changes every so many ms
//	tell healthy|unhealthy  -> {"toldAtNs":T} changes what is served; the machine's clock just before
//	block loop MILLIS       -> {"isBlocked":true}, then {"isFree":true}: keeps the main goroutine busy
//	rest                    -> {}           stops what serve started
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const message = "collecting, 55 of 60 active"
const otherMessage = "collecting, 12 of 60 active"

var told int

func fill(m *manager, count int) []string {
	names := []string{"collector_manager", "dakr_transport"}
	for i := 2; i < count; i++ {
		names = append(names, fmt.Sprintf("component_%04d", i))
	}
	for _, name := range names {
		m.register(name)
		m.update(name, healthy, message, map[string]string{"active": "55", "total": "60"})
	}
	return names
}

func one() *manager {
	m := newManager()
	m.observe = func(string, status, status, string, map[string]string) { told++ }
	m.register("collector_manager")
	m.update("collector_manager", healthy, message, nil)
	return m
}

func unchanged(n int, metadata map[string]string) time.Duration {
	m := one()
	start := time.Now()
	for i := 0; i < n; i++ {
		m.update("collector_manager", healthy, message, metadata)
	}
	return time.Since(start)
}

func flips(n int, messages []string) time.Duration {
	m := one()
	to := degraded
	start := time.Now()
	for i := 0; i < n; i++ {
		m.update("collector_manager", to, messages[i%len(messages)], nil)
		to = healthy + degraded - to
	}
	return time.Since(start)
}

func liveness(n int) time.Duration {
	m := newManager()
	fill(m, 10)
	failed := 0
	start := time.Now()
	for i := 0; i < n; i++ {
		if m.livenessCheck() != nil {
			failed++
		}
	}
	elapsed := time.Since(start)
	if failed != 0 {
		panic("liveness failed")
	}
	return elapsed
}

// readiness times the checks alone; the ten changes before each are not part of it.
func readiness(m *manager, names []string, n int) time.Duration {
	var elapsed time.Duration
	for i := 0; i < n; i++ {
		for k := 0; k < 10; k++ {
			name := names[(i*10+k)%len(names)]
			count := strconv.Itoa(i)
			m.update(name, healthy, "collecting, "+count+" active", map[string]string{"active": count, "total": "60"})
		}
		start := time.Now()
		report, err := m.checkReadiness()
		elapsed += time.Since(start)
		if err != nil || len(report) != len(names) {
			panic("readiness failed")
		}
	}
	return elapsed
}

func main() {
	out := json.NewEncoder(os.Stdout)
	large := newManager()
	largeNames := fill(large, 1000)
	distinct := make([]string, 4096)
	for i := range distinct {
		distinct[i] = fmt.Sprintf("collecting, %d of 4096 active", i)
	}
	metadata := map[string]string{"active": "55", "total": "60"}
	stop := func() {}
	watched, served := one(), one()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		number := func(index int) int {
			value, err := strconv.Atoi(fields[index])
			if err != nil {
				panic(err)
			}
			return value
		}
		// One change is no batch: a collection just before it would be part of what is measured.
		if fields[0] != "visible" && fields[0] != "tell" {
			runtime.GC()
		}
		var elapsed time.Duration
		switch fields[0] {
		case "unchanged":
			elapsed = unchanged(number(1), nil)
		case "unchanged-metadata":
			elapsed = unchanged(number(1), metadata)
		case "flips":
			elapsed = flips(number(1), []string{message, otherMessage})
		case "distinct":
			elapsed = flips(number(1), distinct)
		case "liveness":
			elapsed = liveness(number(1))
		case "readiness":
			elapsed = readiness(large, largeNames, number(1))
		case "visible":
			for i := 0; i < number(1); i++ {
				elapsed += visible(watched)
			}
		case "tell":
			to := healthy
			if fields[1] == unhealthy.String() {
				to = unhealthy
			}
			at := machineNanoseconds()
			served.update("collector_manager", to, message, nil)
			out.Encode(map[string]int64{"toldAtNs": at})
			continue
		case "serve":
			every := 0
			if len(fields) > 2 {
				every = number(2)
			}
			stop()
			served = newManager()
			port, close := serve(served, fill(served, number(1)), time.Duration(every)*time.Millisecond)
			stop = close
			out.Encode(map[string]int{"port": port})
			continue
		case "block":
			out.Encode(map[string]bool{"isBlocked": true})
			for end := time.Now().Add(time.Duration(number(2)) * time.Millisecond); time.Now().Before(end); {
			}
			out.Encode(map[string]bool{"isFree": true})
			continue
		case "rest":
			stop()
			stop = func() {}
			out.Encode(map[string]int{})
			continue
		default:
			panic("unknown command " + fields[0])
		}
		out.Encode(map[string]int64{"operations": int64(number(1)), "nanoseconds": elapsed.Nanoseconds()})
	}
}
