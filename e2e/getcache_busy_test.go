package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// page is an answer of which one can see whether it is whole.
func page(n int) string { return fmt.Sprintf("begin %d %send %d", n, strings.Repeat(".", 30_000), n) }

// moody gives pages that live for a second, errors and halves, some of them late.
func moody(w http.ResponseWriter, r *http.Request, n int) {
	w.Header().Set("etag", fmt.Sprintf(`"%d"`, n/8))
	w.Header().Set("cache-control", "max-age=1")
	switch n % 8 {
	case 1:
		w.WriteHeader(http.StatusInternalServerError)
	case 2:
		io.WriteString(w, page(n)[:20_000])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case 3:
		panic(http.ErrAbortHandler)
	case 4:
		w.Header().Set("cache-control", "no-store")
	case 5:
		time.Sleep(50 * time.Millisecond)
	}
	if r.Header.Get("if-none-match") == w.Header().Get("etag") && n%8 != 1 {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	io.WriteString(w, page(n))
}

// busy: many callers at a time, some of whom leave, while answers become too old
// and the provider fails as it likes: nobody gets half an answer for a whole one,
// or two mixed, and the last state is a sound one.
func (c *getCache) busy() {
	c.expire()
	c.behaves(moody)
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	var callers sync.WaitGroup
	var kept, fresh, failed, left atomic.Int64
	for i := range 24 {
		callers.Go(func() {
			for ctx.Err() == nil {
				switch age, whole, err := c.visit(i); {
				case err != nil && i%8 == 0:
					left.Add(1)
				case err != nil || !whole:
					failed.Add(1)
				case age:
					kept.Add(1)
				default:
					fresh.Add(1)
				}
			}
		})
	}
	callers.Wait()
	if err := c.proc.alive(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Logf("%d from the cache, %d from the provider, %d failed, %d left; the provider was asked %d times",
		kept.Load(), fresh.Load(), failed.Load(), left.Load(), len(c.seen()))
	if kept.Load() < 10*fresh.Load() || fresh.Load() == 0 || failed.Load() == 0 || left.Load() == 0 {
		c.t.Error("not all of that happened")
	}
	c.expire()
	log, err := os.ReadFile(c.log)
	if err != nil {
		c.t.Fatal(err)
	}
	c.done.Store(int64(bytes.Count(log, []byte("\n")))) // those of the callers who left, too
	c.answers(200, "", "cache-control", "max-age=1")
	c.want("1", "sk-alice")
	c.want("1", "sk-bob")
}

// visit asks once, as alice or, if caller is odd, as bob, and says whether the
// answer was from the cache and whether it was a page. Every eighth caller leaves
// as soon as the answer begins.
func (c *getCache) visit(caller int) (kept, whole bool, err error) {
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+c.addr+"/v1/models", nil)
	if err != nil {
		return false, false, err
	}
	req.Header.Set("authorization", "Bearer "+[]string{"sk-alice", "sk-bob"}[caller%2])
	if caller%8 == 0 {
		time.AfterFunc(time.Duration(rand.IntN(5))*time.Millisecond, cancel)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return false, false, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		return false, false, err
	}
	var begin, end int
	if _, err := fmt.Sscanf(strings.ReplaceAll(string(text), ".", ""), "begin %d end %d", &begin, &end); err != nil || string(text) != page(begin) {
		c.t.Errorf("200, and it is %d bytes of %.20q…", len(text), text)
	}
	return resp.Header.Get("age") != "", true, nil
}
