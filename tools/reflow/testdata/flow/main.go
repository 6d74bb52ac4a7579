// Command flow takes every way through a function that Go has: loops, jumps, calls
// that let other goroutines run, growing stacks, deferred calls and recovered panics.
// It prints what it came to.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
)

func main() {
	fmt.Println("loops", loops(40), "labels", labels(30), "goto", jumps(25))
	fmt.Println("switch", choose(50), "text", text(), "slices", sorted(200))
	fmt.Println("deep", deep(20000), "panics", panics(), "defers", defers(9))
	fmt.Println("talk", talk(300), "select", choices(200), "lock", locked(4, 500))
	fmt.Println("garbage", garbage(3000), "closures", closures(7), "floats", floats(50))
	fmt.Println("generics", largest([]string{"a", "c", "b"}), largest([]int{3, 9, 4}))
	if _, err := os.Open("/nowhere"); !errors.Is(err, os.ErrNotExist) {
		fmt.Println(err)
	}
	defer fmt.Println("never: os.Exit runs no deferred call")
	os.Exit(3)
}

// loops has loops in loops, with and without calls that let others run.
func loops(n int) (sum int) {
	for i := range n {
		for j := i; j > 0; j /= 2 {
			for k := 0; k < j; k++ {
				if k%7 == 3 {
					continue
				}
				sum += k ^ i
			}
			if j%3 == 0 {
				runtime.Gosched()
			}
		}
		if i > 30 && sum%5 == 0 {
			break
		}
	}
	return sum
}

func labels(n int) (sum int) {
outer:
	for i := 0; i < n; i++ {
		for j := 0; ; j++ {
			switch {
			case j > i:
				continue outer
			case i*j > 400:
				break outer
			case (i+j)%4 == 0:
				runtime.Gosched()
				continue
			}
			sum += i * j
		}
	}
	return sum
}

// jumps has a loop with two entries.
func jumps(n int) (sum int) {
	i := 0
	if n%2 == 1 {
		goto middle
	}
top:
	i++
	sum += i
	if i > 20 {
		runtime.Gosched()
	}
middle:
	sum = sum*3 + 1
	sum %= 10007
	if i < n {
		goto top
	}
	return sum
}

func choose(n int) (sum int) {
	for i := range n {
		switch i % 11 {
		case 0, 3:
			sum += i
			fallthrough
		case 1:
			sum *= 2
		case 2, 4, 5:
			sum -= 3
		case 9:
			runtime.Gosched()
		default:
			sum ^= i
		}
		sum %= 1 << 20
	}
	return sum
}

func text() int {
	words := strings.Fields(strings.Repeat("the quick brown fox ", 40))
	seen := map[string]int{}
	for i, w := range words {
		seen[w] += i
	}
	keys := make([]string, 0, len(seen))
	for w := range seen {
		keys = append(keys, w)
	}
	slices.Sort(keys)
	n := 0
	for _, c := range strings.Join(keys, "ß") {
		n = n*31%65521 + int(c)
	}
	return n
}

func sorted(n int) int {
	list := make([]int, n)
	for i := range list {
		list[i] = i * 7919 % 1009
	}
	slices.SortFunc(list, func(a, b int) int {
		if a%16 == 0 {
			runtime.Gosched()
		}
		return a - b
	})
	return list[n/3]
}

// deep makes the stack grow, which begins each of its functions again.
func deep(n int) int {
	var room [8]int
	if n == 0 {
		return 1
	}
	room[n%8] = n
	return deep(n-1)%1000003 + room[n%8]
}

func panics() (sum int) {
	for i := range 12 {
		sum = sum*7%100003 + recovered(i)
	}
	return sum
}

func recovered(kind int) (what int) {
	defer func() {
		if r := recover(); r != nil {
			runtime.Gosched()
			what += len(fmt.Sprint(r))
		}
	}()
	var none *struct{ a, b int }
	list := []int{1, 2, 3}
	switch kind {
	case 0:
		return list[kind+len(os.Args)+5]
	case 1:
		return none.b
	case 2:
		return 10 / (kind - 2)
	case 3:
		panic("a text")
	case 4:
		panic(fmt.Errorf("an error"))
	case 5:
		return len(list[3 : kind-3])
	case 6:
		return len(any(kind).(error).Error())
	case 7:
		var m map[int]int
		m[kind] = 1
	case 8:
		return len(make([]int, kind-len(list)*4))
	}
	return kind
}

func defers(n int) (sum int) {
	for i := range n {
		defer func() {
			runtime.Gosched()
			sum = sum*3 + i
		}()
	}
	defer func() {
		if n > 5 {
			defer func() { sum += len(recover().(string)) }()
			panic("within")
		}
	}()
	return n
}

func talk(n int) (sum int) {
	in, out := make(chan int), make(chan int, 3)
	go func() {
		defer close(out)
		for v := range in {
			out <- v*v + 1
		}
	}()
	go func() {
		for i := range n {
			in <- i
		}
		close(in)
	}()
	for v := range out {
		sum = (sum + v) % 1000003
	}
	return sum
}

func choices(n int) (sum int) {
	a, b, done := make(chan int), make(chan int), make(chan bool)
	go func() {
		for i := range n {
			if i%3 == 0 {
				a <- i
			} else {
				b <- i
			}
		}
		close(done)
	}()
	for {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum -= v
		case <-done:
			return sum
		}
	}
}

func locked(workers, n int) (sum int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range n {
				mu.Lock()
				sum += i % (w + 1)
				if i%50 == 0 {
					runtime.Gosched()
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return sum
}

// garbage makes the collector run while pointers are in locals of many frames.
func garbage(n int) (sum int) {
	type node struct {
		next *node
		data []byte
	}
	var list *node
	for i := range n {
		list = &node{list, make([]byte, 512)}
		list.data[i%512] = byte(i)
		if i%100 == 99 {
			for range 90 {
				list = list.next
			}
			runtime.GC()
		}
	}
	for ; list != nil; list = list.next {
		for _, c := range list.data {
			sum += int(c)
		}
	}
	return sum
}

func closures(n int) (sum int) {
	var all []func(int) int
	for i := range n {
		all = append(all, func(x int) int { i++; return x*i + sum })
	}
	for _, f := range append(all, all...) {
		sum = f(sum%13) % 10007
	}
	return sum
}

func floats(n int) string {
	x, y := 1.0, float32(3)
	for i := range n {
		x = x*1.5 - float64(i)/7
		y = y/2 + float32(int8(i*37))
		if x > 1e6 {
			x /= 1e9
		}
	}
	return fmt.Sprintf("%.9g %.6g %d", x, y, uint8(int64(x*1000)))
}

func largest[T int | string](list []T) (best T) {
	for i, v := range list {
		if i == 0 || v > best {
			best = v
		}
	}
	return best
}
