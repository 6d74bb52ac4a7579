//go:build cost

package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// costConnections send requests side by side, so that Envoy is never idle.
const costConnections = 16

// smallBody is the size of the design's typical request.
const smallBody = 1100

// costAnswer is what the upstream answers.
const costAnswer = `{"id":"chatcmpl-1","object":"chat.completion","created":1767225600,"model":"gpt-4o","choices":[{"index":0,"finish_reason":"stop","logprobs":null,` +
	`"message":{"role":"assistant","content":"The reading room stays open at weekends, and two more people will be hired.","refusal":null}}],` +
	`"usage":{"prompt_tokens":231,"completion_tokens":17,"total_tokens":248}}`

// costLoad is a client and an upstream that do as little as they can; what they
// spend is not counted.
type costLoad struct {
	t        *testing.T
	upstream string
	envoy    int // process id
}

func newCostLoad(t *testing.T) *costLoad {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go costUpstream(conn)
		}
	}()
	return &costLoad{t: t, upstream: l.Addr().String()}
}

// costUpstream answers one connection.
func costUpstream(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 64<<10)
	answer := []byte("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-upstream-time: 12\r\ncontent-length: " + strconv.Itoa(len(costAnswer)) + "\r\n\r\n" + costAnswer)
	for {
		q, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		io.Copy(io.Discard, q.Body)
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// costBodies are different chats of about size bytes in a language. What is the
// same each time would be learned by the processor's branch predictor.
func costBodies(language string, size int) (bodies [][]byte) {
	text, err := os.ReadFile(filepath.Join("testdata", "cost", language+".txt"))
	if err != nil {
		panic(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	random := rand.New(rand.NewPCG(1, uint64(size)))
	for range 16 {
		b := []byte(`{"model": "gpt-4o", "messages": [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "`)
		for len(b) < size {
			b = append(append(b, lines[random.IntN(len(lines))]...), ' ')
		}
		bodies = append(bodies, append(b, `"}], "temperature": 0.7}`...))
	}
	return bodies
}

// send sends n of the bodies and returns the processor time that Envoy spent.
func (l *costLoad) send(addr string, bodies [][]byte, n int) time.Duration {
	l.t.Helper()
	before := spentBy(l.t, l.envoy)
	var wg sync.WaitGroup
	for i := range costConnections {
		mine := n / costConnections
		if i < n%costConnections {
			mine++
		}
		wg.Go(func() {
			if err := costClient(addr, bodies, i, mine); err != nil {
				l.t.Error(err)
			}
		})
	}
	wg.Wait()
	return spentBy(l.t, l.envoy) - before
}

// costClient sends n requests over one connection.
func costClient(addr string, bodies [][]byte, first, n int) error {
	if n == 0 {
		return nil
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	head := "POST /v1/chat/completions HTTP/1.1\r\nhost: llm.example.com\r\nuser-agent: OpenAI/Python 1.66.3\r\naccept: application/json\r\n" +
		"authorization: Bearer sk-alice\r\ncontent-type: application/json\r\nx-stainless-lang: python\r\ncontent-length: "
	for i := range n {
		body := bodies[(first+i)%len(bodies)]
		request := append(append([]byte(head), strconv.Itoa(len(body))+"\r\n\r\n"...), body...)
		if _, err := conn.Write(request); err != nil {
			return err
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 || !bytes.Contains(text, []byte("two more people")) {
			return fmt.Errorf("%s %s: %v", resp.Status, text[:min(len(text), 200)], err)
		}
	}
	return nil
}

// spentBy is the processor time of all threads of a process so far. schedstat
// counts nanoseconds, where stat has hundredths of a second.
func spentBy(t *testing.T, process int) (sum time.Duration) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", process))
	if err != nil || len(files) == 0 {
		t.Fatal("no times of Envoy's threads: this needs Linux")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // ended since
		}
		on, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(on, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(n)
	}
	return sum
}
