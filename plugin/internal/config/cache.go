package config

import (
	"time"

	"github.com/sparkward/sparkward/plugin/internal/respcache"
)

// Cache says which answers are kept to be given again. Without Paths there is
// no cache.
type Cache struct {
	Mode     Mode
	Paths    []Pattern
	Settings respcache.Settings
}

var cache = object("cache", checkCache,
	partMode(func(v any) any { p, _ := v.(*Cache); return (*uint8)(&p.Mode) }),
	at("paths", func(v any) any { p, _ := v.(*Cache); return &p.Paths }, list[Pattern](path, 64), note{example: `["/v1/chat/completions", "/v1/embeddings"]`},
		doc("Path patterns of the calls whose answers are kept. None means no cache.")),
	at("ttl", func(v any) any { p, _ := v.(*Cache); return &p.Settings.TTL }, duration(time.Second, respcache.MaxTTL), note{def: `"10m"`, example: `"1h"`},
		doc("How long an answer is good.")),
	at("max_entry", func(v any) any { p, _ := v.(*Cache); return &p.Settings.MaxEntry }, size(respcache.MinEntry, respcache.MaxEntry), note{def: `"64KiB"`, example: `"256KiB"`},
		doc("Largest answer that is kept.")),
	at("max_total", func(v any) any { p, _ := v.(*Cache); return &p.Settings.MaxTotal }, size(1<<20, respcache.MaxTotal), note{def: `"64MiB"`, example: `"256MiB"`},
		doc("Memory of the proxy that all kept answers may take. The oldest make room for new ones.")),
	at("share_tenants", func(v any) any { p, _ := v.(*Cache); return &p.Settings.ShareTenants }, boolean, note{def: `false`, example: `true`},
		doc("`false`: an answer is only ever given to the caller that it was made for. `true`: callers share answers, and can learn from the speed of one what others have asked.")),
	at("ignore_upstream", func(v any) any { p, _ := v.(*Cache); return &p.Settings.IgnoreUpstream }, boolean, note{def: `false`, example: `true`},
		doc("`true` keeps answers whatever the upstream's own `Cache-Control` says: providers send `no-cache` with every stream.")),
)

// boolean is true or false.
var boolean = kind{func(d *decoder, dst any) {
	if b := d.peek(); b != 't' && b != 'f' {
		d.wrong("true or false")
		return
	}
	*dst.(*bool) = d.word() == "true"
}, &shape{json: "boolean", called: "true or false"}}

func checkCache(d *decoder, v any) {
	c := v.(*Cache)
	if len(c.Paths) == 0 {
		return
	}
	if err := c.Settings.Validate(); err != nil {
		d.refuse("", err.Error())
	}
}
