package respcache

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	none := Directives{MaxAge: -1, MinFresh: -1}
	with := func(change func(*Directives)) Directives {
		d := none
		change(&d)
		return d
	}
	maxAge := func(d time.Duration) Directives { return with(func(x *Directives) { x.MaxAge = d }) }
	for _, c := range []struct {
		values []string
		want   Directives
	}{
		{nil, none},
		{[]string{""}, none},
		{[]string{"  ,\t,"}, none},
		{[]string{"public, must-revalidate, immutable"}, none},
		{[]string{"no-store"}, with(func(d *Directives) { d.NoStore = true })},
		{[]string{" No-Store "}, with(func(d *Directives) { d.NoStore = true })},
		{[]string{"no-cache"}, with(func(d *Directives) { d.NoCache = true })},
		{[]string{`no-cache="set-cookie, x", no-store`}, with(func(d *Directives) { d.NoCache, d.NoStore = true, true })},
		{[]string{"private"}, with(func(d *Directives) { d.Private = true })},
		{[]string{"only-if-cached"}, with(func(d *Directives) { d.OnlyIfCached = true })},
		{[]string{"max-age=60"}, maxAge(time.Minute)},
		{[]string{`max-age="60"`}, maxAge(time.Minute)},
		{[]string{"MAX-AGE = 60 , public"}, maxAge(time.Minute)},
		{[]string{"max-age=0"}, maxAge(0)},
		{[]string{"max-age"}, maxAge(0)},
		{[]string{"max-age=-5"}, maxAge(0)},
		{[]string{"max-age=1.5"}, maxAge(0)},
		{[]string{"max-age=soon"}, maxAge(0)},
		{[]string{"max-age=99999999999999999999999"}, maxAge(maxSeconds * time.Second)},
		{[]string{"max-age=60, max-age=30"}, maxAge(30 * time.Second)},
		{[]string{"max-age=30", "max-age=60"}, maxAge(30 * time.Second)},
		{[]string{"max-age=60, s-maxage=10"}, maxAge(10 * time.Second)},
		{[]string{"s-maxage=90", "max-age=10"}, maxAge(90 * time.Second)},
		{[]string{"min-fresh=5"}, with(func(d *Directives) { d.MinFresh = 5 * time.Second })},
		{[]string{"x=\"no-store"}, none},
		{[]string{`x="a\", no-store", no-cache`}, with(func(d *Directives) { d.NoCache = true })},
		{[]string{"xno-store, no-storex"}, none},
		{[]string{"no-cache", "no-store"}, with(func(d *Directives) { d.NoCache, d.NoStore = true, true })},
	} {
		if got := Parse(c.values...); got != c.want {
			t.Errorf("%q: got %+v, want %+v", c.values, got, c.want)
		}
	}
}

// FuzzParse: any header is read, in time, and adding no-store is never missed.
func FuzzParse(f *testing.F) {
	f.Add(`max-age="60", x="a\"b", no-cache`)
	f.Add(`=,"="`)
	f.Fuzz(func(t *testing.T, value string) {
		d := Parse(value)
		if d.MaxAge < -1 || d.MaxAge > maxSeconds*time.Second || d.MinFresh < -1 {
			t.Fatalf("%q: %+v", value, d)
		}
		if !Parse(value, "no-store").NoStore || !Parse("no-store,"+value).NoStore {
			t.Fatalf("%q hides no-store beside it", value)
		}
		if strings.Count(value, `"`) == 0 && !Parse(value+",no-store").NoStore {
			t.Fatalf("%q hides no-store after it", value)
		}
	})
}
