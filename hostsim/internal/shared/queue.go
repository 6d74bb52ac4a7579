package shared

import (
	"sync"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
)

// Queues are the shared queues of all VMs. The zero value is empty and ready.
type Queues struct {
	mu     sync.Mutex
	tokens map[[2]string]uint32
	queues map[uint32]*queue
	next   uint32
}

type queue struct {
	items []string
	ready func(token uint32)
}

// Register makes the queue, or takes it over: the last to register is told of new
// items through ready. What is queued stays.
func (q *Queues) Register(vmID, name string, ready func(token uint32)) (token uint32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.queues == nil {
		q.tokens, q.queues = map[[2]string]uint32{}, map[uint32]*queue{}
	}
	key := [2]string{vmID, name}
	token, ok := q.tokens[key]
	if !ok {
		q.next++
		token = q.next
		q.tokens[key], q.queues[token] = token, &queue{}
	}
	q.queues[token].ready = ready
	return token
}

// Resolve finds a queue's token; 0 for none.
func (q *Queues) Resolve(vmID, name string) uint32 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.tokens[[2]string{vmID, name}]
}

// Enqueue adds an item and tells the queue's owner.
func (q *Queues) Enqueue(token uint32, item string) abi.Status {
	q.mu.Lock()
	found := q.queues[token]
	if found == nil {
		q.mu.Unlock()
		return abi.NotFound
	}
	found.items = append(found.items, item)
	ready := found.ready
	q.mu.Unlock()
	ready(token)
	return abi.OK
}

// Dequeue takes the oldest item.
func (q *Queues) Dequeue(token uint32) (string, abi.Status) {
	q.mu.Lock()
	defer q.mu.Unlock()
	found := q.queues[token]
	switch {
	case found == nil:
		return "", abi.NotFound
	case len(found.items) == 0:
		return "", abi.Empty
	}
	item := found.items[0]
	found.items = found.items[1:]
	return item, abi.OK
}
