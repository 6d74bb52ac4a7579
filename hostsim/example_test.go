package hostsim_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/sparkward/sparkward/hostsim"
)

// A test of somebody else's filter: this one is written in C. It turns the header x-word
// round and puts it on the answer.
func Example() {
	code, err := os.ReadFile("testdata/foreign/c.wasm")
	if err != nil {
		log.Fatal(err)
	}
	host, err := hostsim.New(context.Background(), hostsim.Options{
		Wasm: code,
		Clusters: []hostsim.Cluster{{Name: "upstream", Handler: http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer host.Close()

	request := httptest.NewRequest("GET", "/", nil)
	request.Header.Set("x-word", "desserts")
	answer := httptest.NewRecorder()
	host.ServeHTTP(answer, request)
	fmt.Println(answer.Code, answer.Header().Get("x-turned"), answer.Body)
	// Output: 200 stressed hello
}
