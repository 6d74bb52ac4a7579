package hostsim_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/sparkward/sparkward/hostsim"
)

// raced plays two requests against each other and returns what is in shared data then.
func raced(t *testing.T, script string, seed uint64) (map[string]string, []string) {
	t.Helper()
	w := start(t, script, echo, func(o *hostsim.Options) { o.Workers = 2 })
	answers, schedule := w.Race(seed, httptest.NewRequest("GET", "/", nil), httptest.NewRequest("GET", "/", nil))
	for i, a := range answers {
		if a == nil || a.StatusCode != http.StatusOK {
			t.Fatalf("seed %d: request %d: %v", seed, i, a)
		}
	}
	return w.SharedData(""), schedule
}

// A filter that reads and then overwrites loses an update in some orders; one that
// compares and swaps loses none in any.
func TestRaceFindsLostUpdates(t *testing.T) {
	const careless = "on request_headers\n shared n\n setshared seen 1 0\n setshared n 1 cas\n"
	const careful = "on request_headers\n increment n\n"
	orders := map[string]bool{}
	for seed := range uint64(12) {
		data, schedule := raced(t, careful, seed)
		if data["n"] != "2" {
			t.Errorf("seed %d: two increments gave %q, order %q", seed, data["n"], schedule)
		}
		if again, same := raced(t, careful, seed); again["n"] != "2" || !slices.Equal(schedule, same) {
			t.Errorf("seed %d gave two orders: %q and %q", seed, schedule, same)
		}
		_, schedule = raced(t, careless, seed)
		for _, turn := range schedule {
			orders[turn] = true
		}
	}
	for _, turn := range []string{"0 proxy_get_shared_data", "1 proxy_set_shared_data"} {
		if !orders[turn] {
			t.Errorf("no turn %q in any order", turn)
		}
	}
}

// Different seeds give different orders.
func TestRaceOrders(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(16) {
		_, schedule := raced(t, "on request_headers\n increment n\n", seed)
		seen[schedule[0]+schedule[1]] = true
	}
	if len(seen) < 2 {
		t.Errorf("16 seeds gave one order: %v", seen)
	}
}
