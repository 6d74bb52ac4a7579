package chain

import (
	"testing"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

func check(t *testing.T, p *play, want string) {
	t.Helper()
	if got := p.text(); got != lines(want) {
		t.Errorf("got\n%s\nwant\n%s", got, lines(want))
	}
}

// The request meets the filters in order, the response the other way round.
func TestOrder(t *testing.T) {
	p := newPlay(nil, nil)
	p.ask()
	p.answer()
	check(t, p, `
		route
		a request headers
		b request headers
		router headers
		a request data one
		b request data one
		router data one
		a request data two
		b request data two
		router data two
		a request trailers
		b request trailers
		router trailers
		b response headers 200
		a response headers 200
		client headers 200
		b response data uno
		a response data uno
		client data uno
		b response data due
		a response data due
		client data due
		b response trailers
		a response trailers
		client trailers
		over
		router cancel
		a log
		b log
		a destroy
		b destroy`)
}

// A filter holds its request in each way, and goes on later.
func TestHoldRequest(t *testing.T) {
	for _, c := range []struct {
		name string
		acts acts
		want string
	}{
		{"headers alone: the body is shown, and held as it goes on", acts{"request headers": returns(int(HeadersStop)),
			"request data": returns(int(DataStopBuffer)), "request trailers": returns(int(TrailersStop))}, `
			route
			a request headers
			a request data one
			a request data two
			a request trailers
			-- continue
			b request headers
			router headers
			b request data onetwo
			router data onetwo
			b request trailers
			router trailers`},
		{"everything: no more is shown before", acts{"request headers": returns(int(HeadersStopAllBuffer))}, `
			route
			a request headers
			-- continue
			b request headers
			router headers
			a request data onetwo
			b request data onetwo
			router data onetwo
			a request trailers
			b request trailers
			router trailers`},
		{"data that the filter keeps for itself", acts{"request data": returns(int(DataStopNoBuffer))}, `
			route
			a request headers
			b request headers
			router headers
			a request data one
			a request data two
			a request trailers
			b request trailers
			router trailers
			-- continue`},
		{"trailers", acts{"request trailers": returns(int(TrailersStop))}, `
			route
			a request headers
			b request headers
			router headers
			a request data one
			b request data one
			router data one
			a request data two
			b request data two
			router data two
			a request trailers
			-- continue
			b request trailers
			router trailers`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlay(c.acts, nil)
			p.ask()
			p.say("continue")
			p.filters[0].handle.ContinueDecoding()
			check(t, p, c.want)
		})
	}
}

// A local reply in each callback of the middle one of three filters: which filters see
// the answer, and what is left when the client has an answer already.
func TestLocalReply(t *testing.T) {
	const gone = `
		over denied
		router cancel
		a log
		b log
		c log
		a destroy
		b destroy
		c destroy`
	const through = `
		c response headers 403
		b response headers 403
		a response headers 403
		client headers 403
		c response data no end
		b response data no end
		a response data no end
		client data no end`
	asked := map[string]string{
		"request headers": `
			route
			a request headers
			b request headers` + through + `
			client reset, answered true` + gone,
		"request data": `
			route
			a request headers
			b request headers
			c request headers
			router headers
			a request data one
			b request data one` + through + `
			client reset, answered true` + gone,
	}
	for callback, want := range asked {
		t.Run(callback, func(t *testing.T) {
			p := newPlay(nil, acts{callback: replies(1)}, nil)
			p.ask()
			check(t, p, want)
		})
	}
	t.Run("request trailers", func(t *testing.T) {
		p := newPlay(nil, acts{"request trailers": replies(1)}, nil)
		p.ask()
		p.lines = p.lines[14:] // the request as far as that
		check(t, p, "b request trailers"+through+gone)
	})
	answered := map[string]string{
		// the filters' response callbacks have begun: the reply goes round them
		"response headers": `
			c response headers 200
			b response headers 200
			client headers 403
			client data no end` + gone,
		// the client has its headers: nothing but a reset is left
		"response data": `
			c response headers 200
			b response headers 200
			a response headers 200
			client headers 200
			c response data uno
			b response data uno
			client reset, answered false` + gone,
		"response trailers": `
			c response headers 200
			b response headers 200
			a response headers 200
			client headers 200
			c response data uno
			b response data uno
			a response data uno
			client data uno
			c response data due
			b response data due
			a response data due
			client data due
			c response trailers
			b response trailers
			client reset, answered false` + gone,
	}
	for callback, want := range answered {
		t.Run(callback, func(t *testing.T) {
			p := newPlay(nil, acts{callback: replies(1)}, nil)
			p.ask()
			p.lines = nil
			p.answer()
			check(t, p, want)
		})
	}
}

// What is held beyond the limit ends the request with 413 and the response with 500;
// what is held with back-pressure only stops the other side for a while.
func TestLimits(t *testing.T) {
	t.Run("request", func(t *testing.T) {
		p := newPlay(acts{"request headers": returns(int(HeadersStopAllBuffer))})
		p.RequestHeaders(requestMap("POST"), false)
		p.RequestData([]byte("12345678"), false)
		p.say("full")
		p.RequestData([]byte("9"), false)
		check(t, p, `
			route
			a request headers
			-- full
			a response headers 413
			client headers 413
			a response data Payload Too Large end
			client data Payload Too Large end
			client reset, answered true
			over request_payload_too_large
			router cancel
			a log
			a destroy`)
	})
	t.Run("response before its headers", func(t *testing.T) {
		p := newPlay(acts{"response headers": returns(int(HeadersStop)), "response data": returns(int(DataStopBuffer))})
		p.RequestHeaders(requestMap("GET"), true)
		p.ResponseHeaders(responseMap("200"), false)
		p.ResponseData([]byte("123456789"), true)
		check(t, p, `
			route
			a request headers end
			router headers end
			a response headers 200
			a response data 123456789 end
			client headers 500
			client data Internal Server Error end
			over response_payload_too_large
			router cancel
			a log
			a destroy`)
	})
	t.Run("response behind its headers", func(t *testing.T) {
		p := newPlay(acts{"response data": returns(int(DataStopBuffer))})
		p.RequestHeaders(requestMap("GET"), true)
		p.ResponseHeaders(responseMap("200"), false)
		p.lines = nil
		p.ResponseData([]byte("123456789"), false)
		check(t, p, `
			a response data 123456789
			client reset, answered false
			over response_payload_too_large
			router cancel
			a log
			a destroy`)
	})
	t.Run("back-pressure", func(t *testing.T) {
		p := newPlay(acts{"request headers": returns(int(HeadersStopAllWatermark))})
		p.RequestHeaders(requestMap("POST"), false)
		p.RequestData([]byte("123456789"), false)
		p.RequestData([]byte("0"), true)
		p.filters[0].handle.ContinueDecoding()
		check(t, p, `
			route
			a request headers
			block request true
			router headers
			a request data 1234567890 end
			router data 1234567890 end
			block request false`)
	})
}

// Trailers that a filter makes in the last piece of a body: it ends nothing any more.
func TestAddedTrailers(t *testing.T) {
	p := newPlay(nil, acts{"request data": func(f *fake) int {
		f.handle.AddDecodedTrailers().Add("x", "1")
		return 0
	}, "response data": func(f *fake) int {
		f.handle.AddEncodedTrailers().Add("y", "1")
		return 0
	}}, nil)
	p.RequestHeaders(requestMap("POST"), false)
	p.RequestData([]byte("all"), true)
	p.ResponseHeaders(responseMap("200"), false)
	p.ResponseData([]byte("tutto"), true)
	check(t, p, `
		route
		a request headers
		b request headers
		c request headers
		router headers
		a request data all end
		b request data all end
		c request data all
		router data all
		c request trailers
		router trailers
		c response headers 200
		b response headers 200
		a response headers 200
		client headers 200
		c response data tutto end
		b response data tutto end
		a response data tutto
		client data tutto
		a response trailers
		client trailers
		over
		router cancel
		a log
		b log
		c log
		a destroy
		b destroy
		c destroy`)
}

// Data that a filter adds while it sees the trailers goes in front of them.
func TestAddedData(t *testing.T) {
	p := newPlay(acts{"request data": returns(int(DataStopBuffer)), "request trailers": func(f *fake) int {
		f.handle.AddDecodedData(&Buffer{[]byte("!")})
		return 0
	}})
	p.ask()
	check(t, p, `
		route
		a request headers
		router headers
		a request data one
		a request data two
		a request trailers
		router data onetwo!
		router trailers`)
}

// A reset, or a client that leaves, in each callback: the filters are told once, and
// nothing of what comes after is shown to anybody.
func TestEnds(t *testing.T) {
	ends := map[string]func(f *fake){
		"reset": func(f *fake) { f.handle.Reset() },
		"gone":  func(f *fake) { f.play.ClientGone("left", DownstreamConnectionTermination) },
	}
	for _, callback := range []string{"request headers", "request data", "request trailers",
		"response headers", "response data", "response trailers", "log"} {
		for how, end := range ends {
			p := newPlay(nil, acts{callback: func(f *fake) int { end(f); return 0 }}, nil)
			p.ask()
			p.answer()
			for _, f := range p.filters {
				f.handle.ContinueDecoding()
				f.handle.ContinueEncoding()
				f.handle.SendLocalReply(Reply{Code: 500})
				f.handle.Reset()
			}
			p.ClientGone("again", 0)
			counts := map[string]int{}
			for _, line := range p.lines {
				counts[line]++
			}
			for _, once := range []string{"a log", "b log", "c log", "a destroy", "b destroy", "c destroy", "router cancel"} {
				if counts[once] != 1 {
					t.Errorf("%s in %s: %q %d times:\n%s", how, callback, once, counts[once], p.text())
				}
			}
			if last := p.lines[len(p.lines)-1]; last != "c destroy" {
				t.Errorf("%s in %s: %q is last:\n%s", how, callback, last, p.text())
			}
		}
	}
}

// The answer to a gRPC request looks like gRPC, that to HEAD has no body.
func TestReplyForms(t *testing.T) {
	grpc := requestMap("POST")
	grpc.Add("content-type", "application/grpc+proto")
	for _, c := range []struct {
		request *header.Map
		want    string
	}{
		{grpc, "client headers 200 end"},
		{requestMap("HEAD"), "client headers 403 end"},
	} {
		p := newPlay(acts{"request headers": replies(1)})
		p.RequestHeaders(c.request, true)
		if p.lines[3] != c.want {
			t.Errorf("got %q, want %q", p.lines[3], c.want)
		}
	}
}

// A filter takes :status away: the client must not see such an answer.
func TestNoStatus(t *testing.T) {
	p := newPlay(acts{"response headers": func(f *fake) int {
		_, response, _ := f.handle.Maps()
		response.Remove(":status")
		return 0
	}})
	p.RequestHeaders(requestMap("GET"), true)
	p.lines = nil
	p.ResponseHeaders(responseMap("200"), true)
	check(t, p, `
		a response headers 200 end
		client headers 502
		client data missing required header: :status end
		over filter_removed_required_response_headers{missing_required_header:_:status}
		router cancel
		a log
		a destroy`)
}

// A route that a filter dropped is chosen again when the request leaves the filters.
func TestClearRoute(t *testing.T) {
	p := newPlay(acts{"request headers": func(f *fake) int { f.handle.ClearRouteCache(); return 0 }}, nil)
	p.RequestHeaders(requestMap("GET"), true)
	check(t, p, `
		route
		a request headers end
		route cleared
		b request headers end
		route
		router headers end`)
}
