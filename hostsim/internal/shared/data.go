// Package shared holds what all VMs of a host see: shared data, shared queues and
// metrics, with the rules of Envoy's. It is safe for use by many goroutines.
package shared

import (
	"sync"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

// Data is the shared data of all VMs. The zero value is empty and ready.
type Data struct {
	mu   sync.Mutex
	vms  map[string]map[string]entry
	last uint32 // the last cas given out; one counter for all
}

type entry struct {
	value string
	cas   uint32
}

// Get returns a value and its cas.
func (d *Data) Get(vmID, key string) (value string, cas uint32, status abi.Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.vms[vmID][key]
	if !ok {
		return "", 0, abi.NotFound
	}
	return e.value, e.cas, abi.OK
}

// Set stores a value. A cas of 0 overwrites whatever is there; an absent key takes
// any cas; else the cas must be the current one.
func (d *Data) Set(vmID, key, value string, cas uint32) abi.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	vm := d.vms[vmID]
	if vm == nil {
		vm = map[string]entry{}
		if d.vms == nil {
			d.vms = map[string]map[string]entry{}
		}
		d.vms[vmID] = vm
	}
	if e, ok := vm[key]; ok && cas != 0 && cas != e.cas {
		return abi.CasMismatch
	}
	vm[key] = entry{value, d.next()}
	return abi.OK
}

// next is the next cas: never 0, which means "do not check".
func (d *Data) next() uint32 {
	d.last++
	if d.last == 0 {
		d.last++
	}
	return d.last
}

// Dump returns a copy of one VM id's data, for tests and debugging.
func (d *Data) Dump(vmID string) map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	dump := make(map[string]string, len(d.vms[vmID]))
	for key, e := range d.vms[vmID] {
		dump[key] = e.value
	}
	return dump
}
