//go:build wasip1

package main

import (
	"strconv"
)

func (c *context) getShared(s step) {
	var r result
	var cas uint32
	key, keySize := at(s.str(1))
	data, size := r.args()
	status := proxyGetSharedData(key, keySize, data, size, ptr(&cas))
	if status == 0 {
		c.root.setID("cas", cas)
	}
	report(s, status, r.String())
}

// setShared is setshared KEY VALUE CAS, where CAS may be "cas", the one read last.
func (c *context) setShared(s step) {
	key, keySize := at(s.str(1))
	data, size := at(s.str(2))
	report(s, proxySetSharedData(key, keySize, data, size, c.id32(s.str(3))))
}

// incrementShared adds one to a number in shared data in a compare-and-swap loop.
func (c *context) incrementShared(s step) {
	key, keySize := at(s.str(1))
	for tries := 1; ; tries++ {
		var r result
		cas := uint32(0xffffffff)
		data, size := r.args()
		proxyGetSharedData(key, keySize, data, size, ptr(&cas))
		n, _ := strconv.Atoi(r.String())
		value, valueSize := at(strconv.Itoa(n + 1))
		if status := proxySetSharedData(key, keySize, value, valueSize, cas); status != 8 {
			report(s, status, strconv.Itoa(n+1), strconv.Itoa(tries))
			return
		}
	}
}

func (c *context) queue(s step) {
	var token uint32
	name, size := at(s.str(1))
	status := proxyRegisterQueue(name, size, ptr(&token))
	c.root.setID(s.str(1), token)
	report(s, status)
}

// resolve is resolve VM NAME.
func (c *context) resolve(s step) {
	var token uint32
	vm, vmSize := at(s.str(1))
	name, size := at(s.str(2))
	status := proxyResolveQueue(vm, vmSize, name, size, ptr(&token))
	c.root.setID(s.str(2), token)
	report(s, status)
}

func (c *context) enqueue(s step) {
	data, size := at(s.str(2))
	report(s, proxyEnqueue(c.id32(s.str(1)), data, size))
}

func (c *context) dequeue(s step) {
	var r result
	data, size := r.args()
	report(s, proxyDequeue(c.id32(s.str(1)), data, size), r.String())
}

// metric is metric KIND NAME.
func (c *context) metric(s step) {
	var id uint32
	name, size := at(s.str(2))
	status := proxyDefineMetric(s.num(1), name, size, ptr(&id))
	c.root.setID(s.str(2), id)
	report(s, status, strconv.Itoa(int(id&3)))
}

func (c *context) incMetric(s step) {
	report(s, proxyIncrementMetric(c.id32(s.str(1)), int64(int32(s.num(2)))))
}

func (c *context) recordMetric(s step) {
	report(s, proxyRecordMetric(c.id32(s.str(1)), uint64(s.num(2))))
}

func (c *context) metricValue(s step) {
	var n uint64
	status := proxyGetMetric(c.id32(s.str(1)), ptr(&n))
	report(s, status, strconv.FormatUint(n, 10))
}
