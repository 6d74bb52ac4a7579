package config

import (
	"time"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/breaker"
	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// The table. Everything a policy may hold is here and nowhere else.

var mode = word("enforce", "shadow", "off")

// partMode is the mode of one control.
func partMode(where func(v any) any) *member {
	return at("mode", where, mode, note{def: `"enforce"`, example: `"shadow"`},
		doc("As the policy's own `mode`, for this alone. The weaker of the two holds."))
}

var policy = object("policy", checkPolicy,
	at("mode", func(v any) any { p, _ := v.(*Config); return (*uint8)(&p.Mode) }, mode, note{def: `"enforce"`, example: `"shadow"`},
		doc("`enforce` acts on every decision, `shadow` only counts and logs what would have been refused, `off` decides nothing. Each control has a `mode` too; the weaker of the two holds.")),
	at("header_mode", func(v any) any { p, _ := v.(*Config); return (*uint8)(&p.HeaderMode) }, word("hold", "pass"), note{def: `"hold"`, example: `"pass"`},
		doc("`hold`: the upstream sees nothing of a request before its body was judged; the host must set `allow_on_headers_stop_iteration: true`. `pass`: headers go upstream first and a refused body resets that request; for hosts that cannot set it, such as Istio's WasmPlugin alone.")),
	at("on_error", func(v any) any { p, _ := v.(*Config); return (*uint8)(&p.OnError) }, word("refuse", "allow"), note{def: `"refuse"`, example: `"allow"`},
		doc("What happens to a request about which no decision can be made, because of contended shared data, say, or a fault in the filter: 503, or let it pass. Both are counted.")),
	at("auth", func(v any) any { p, _ := v.(*Config); return &p.Auth }, auth, note{def: `{}`, example: `{"default": "public"}`},
		doc("Who may call.")),
	at("address", func(v any) any { p, _ := v.(*Config); return &p.Address }, address, note{def: `{}`, example: `{"trusted_hops": 1}`},
		doc("Which address a client without a key is known by.")),
	at("limits", func(v any) any { p, _ := v.(*Config); return &p.Limits }, list[Limit](limits, 16), note{example: `[{"name": "per-caller", "requests": "60/1m", "burst": 20}]`},
		doc("Request budgets. A request must fit all that apply to it. None means no limit. What a caller has used is kept by a limit's name: a limit that gets another name begins anew, and with more than three of them another one may do so when one is added or removed.")),
	at("size", func(v any) any { p, _ := v.(*Config); return &p.Size }, sizes, note{def: `{}`, example: `{"max_text_chars": 20000}`},
		doc("How big a request may be.")),
	at("inspection", func(v any) any { p, _ := v.(*Config); return &p.Inspection }, inspection, note{def: `{}`, example: `{"preset": "quiet"}`},
		doc("What is scanned for prompt injection, and what follows when something is found.")),
	at("breakers", func(v any) any { p, _ := v.(*Config); return &p.Breakers }, list[Breaker](breakers, 64), note{example: `[{"cluster": "openai"}]`},
		doc("Circuit breakers, one for each upstream cluster that should have one.")),
	at("cache", func(v any) any { p, _ := v.(*Config); return &p.Cache }, cache, note{def: `{}`, example: `{"paths": ["/v1/chat/completions"], "ttl": "1h"}`},
		doc("Answers that are kept and given again to the same question of the same caller.")),
	at("upstreams", func(v any) any { p, _ := v.(*Config); return &p.Upstreams }, list[Upstream](upstreams, 64), note{example: `[{"cluster": "openai", "credential": {"env": "OPENAI_API_KEY"}}]`},
		doc("The host's clusters for which the filter sets a credential or chooses a fallback.")),
	at("response_headers", func(v any) any { p, _ := v.(*Config); return &p.ResponseHeaders }, headers, note{def: `{}`, example: `{"x-frame-options": "SAMEORIGIN", "strict-transport-security": ""}`},
		doc("Headers put on every answer in place of the upstream's. They come on top of the defaults listed below; an empty text removes a default.")),
	at("usage", func(v any) any { p, _ := v.(*Config); return (*uint8)(&p.Usage) }, word("read", "publish", "off"), note{def: `"read"`, example: `"publish"`},
		doc("Whether the answers of model calls are looked through, as they pass, for the tokens they used: for token limits, metrics and the access log (`read`), also for Envoy's own rate limit filter, with the caller in the request header `x-sparkward-caller` (which `sparkctl render envoy` has taken off before the provider; elsewhere a later filter or the route must) and the filter states `wasm.sparkward.estimate` and `wasm.sparkward.tokens` (`publish`), or not (`off`). To be readable they are asked for without compression.")),
	at("endpoints", func(v any) any { p, _ := v.(*Config); return &p.Endpoints }, endpoints, note{def: `{}`, example: `{"metrics": ""}`},
		doc("Where the filter answers by itself.")),
)

var auth = object("auth", checkAuth,
	partMode(func(v any) any { p, _ := v.(*Auth); return (*uint8)(&p.Mode) }),
	at("mtls", func(v any) any { p, _ := v.(*Auth); return (*uint8)(&p.MTLS) }, word("off", "uri_san", "dns_san", "subject"), note{def: `"off"`, example: `"uri_san"`},
		doc("Who a caller without a key is, if the host has verified its client certificate: nobody (`off`), or the user named by the certificate's first URI (`uri_san`) or DNS name (`dns_san`), or by its `subject`.")),
	at("user_header", func(v any) any { p, _ := v.(*Auth); return &p.UserHeader }, text("header", 64, optionalHeader), note{def: `""`, example: `"x-authenticated-user"`},
		doc("Request header in which an earlier filter of the host names the user of a caller without a key. Only for a header that this filter sets or removes on every request: a client's own would be believed.")),
	at("default", func(v any) any { p, _ := v.(*Auth); return (*uint8)(&p.Default) }, access, note{def: `"required"`, example: `"optional"`},
		doc("What a path asks of its caller unless `paths` says otherwise: a good key (`required`), a good key or none (`optional`; a bad one is still refused), or nothing (`public`; a bad key does not matter).")),
	at("paths", func(v any) any { p, _ := v.(*Auth); return &p.Paths }, list[AuthPath](authPath, 256), note{example: `[{"path": "/v1/models", "methods": ["GET"], "auth": "public"}]`},
		doc("Exceptions to `default`. The first that matches decides.")),
	at("keys", func(v any) any { p, _ := v.(*Auth); return &p.keys }, list[apikey.Key](key, 100_000), note{example: `[{"user": "alice", "sha256": "` + exampleDigest + `"}]`},
		doc("The keys that callers may use. `sparkctl key new` makes one. A user may have any number, so that a new key can overlap the old.")),
	at("master_keys", func(v any) any { p, _ := v.(*Auth); return &p.masters }, list[apikey.Key](masterKey, 64), note{example: `[{"name": "ops", "sha256": "` + exampleMaster + `"}]`},
		doc("Keys for operators: they see the details of the filter's own endpoints and are not charged to any per-user limit.")),
	at("headers", func(v any) any { p, _ := v.(*Auth); return &p.headers }, list[string](text("header", 64, headerName), 8), note{def: `["authorization", "x-api-key", "api-key", "x-goog-api-key"]`, example: `["authorization"]`},
		doc("Request headers a key is looked for in. `authorization` holds it after `Bearer `, any other header holds nothing else.")),
)

var access = word("required", "optional", "public")

const (
	exampleDigest = "6ca13d52ca70c883e0f0bb101e425a89e8624de51db2d2392593af6a84118090"
	exampleMaster = "a3d1f7a1f1b3a7a9c0a55f9d3ffb3ad3ed35f4d7e2a0a1ea5a10ffb58b90e3c7"
)

var authPath = object("path rule", nil,
	at("path", func(v any) any { p, _ := v.(*AuthPath); return &p.Path }, path, note{required: true, example: `"/v1/models"`},
		doc("Path pattern.")),
	at("methods", func(v any) any { p, _ := v.(*AuthPath); return &p.Methods }, list[string](text("method", 16, method), 9), note{example: `["GET", "HEAD"]`},
		doc("Methods it holds for, in capitals. None means all.")),
	at("auth", func(v any) any { p, _ := v.(*AuthPath); return (*uint8)(&p.Access) }, access, note{required: true, example: `"public"`},
		doc("What this path asks of its caller.")),
)

// keyFields are what every key has after its name.
func keyFields(first *member, digestExample string, more ...*member) []*member {
	return append([]*member{first,
		at("sha256", func(v any) any { p, _ := v.(*apikey.Key); return &p.Hash }, digest, note{required: true, example: `"` + digestExample + `"`},
			doc("SHA-256 of the key, in hexadecimal. `sparkctl key hash` makes it from a key you have.")),
		at("not_before", func(v any) any { p, _ := v.(*apikey.Key); return &p.NotBefore }, moment, note{example: `"2027-01-01T00:00:00Z"`},
			doc("The key is refused before this time.")),
		at("not_after", func(v any) any { p, _ := v.(*apikey.Key); return &p.NotAfter }, moment, note{example: `"2027-12-31T23:59:59Z"`},
			doc("The key is refused from this time on.")),
	}, more...)
}

var key = object("key", checkDates, keyFields(
	at("user", func(v any) any { p, _ := v.(*apikey.Key); return &p.User }, text("name", 64, name), note{required: true, example: `"alice"`},
		doc("Who calls with this key. Shown in the access log and charged by the limits.")), exampleDigest,
	at("class", func(v any) any { p, _ := v.(*apikey.Key); return &p.Class }, text("name", 64, name), note{example: `"batch"`},
		doc("Class that limits can name.")),
	at("models", func(v any) any { p, _ := v.(*apikey.Key); return &p.Models }, list[string](text("model", 128, modelPattern), 64), note{example: `["gpt-4o*", "claude-3-5-haiku-latest"]`},
		doc("Models this key may ask for; a `*` at the end stands for any ending. None means all.")),
	at("paths", func(v any) any { p, _ := v.(*apikey.Key); return &p.Paths }, list[string](text("path", 256, pathPattern), 64), note{example: `["/v1/*"]`},
		doc("Path patterns this key may call. None means all.")),
	at("labels", func(v any) any { p, _ := v.(*apikey.Key); return &p.Labels }, labels, note{example: `{"team": "search"}`},
		doc("Names and texts of your own, at most 8, shown in the access log with the user.")),
)...)

var masterKey = object("master key", checkMaster, keyFields(
	at("name", func(v any) any { p, _ := v.(*apikey.Key); return &p.User }, text("name", 64, name), note{required: true, example: `"ops"`},
		doc("Who calls with this key.")), exampleMaster,
)...)

var address = object("address", nil,
	at("trusted_hops", func(v any) any { p, _ := v.(*Address); return &p.TrustedHops }, integer(0, 16), note{def: `0`, example: `1`},
		doc("How many proxies stand between the client and this one. Their entries at the right end of `x-forwarded-for` are believed; with 0 the header is not looked at.")),
	at("ipv6_prefix", func(v any) any { p, _ := v.(*Address); return &p.IPv6Prefix }, integer(32, 128), note{def: `64`, example: `56`},
		doc("Leading bits of an IPv6 address that stand for one client.")),
)

var limits = object("limit", checkLimit,
	at("name", func(v any) any { p, _ := v.(*Limit); return &p.Name }, text("name", 64, name), note{required: true, example: `"per-caller"`},
		doc("Shown in refusals and in the access log.")),
	at("requests", func(v any) any { p, _ := v.(*Limit); return &p.Quota }, quota, note{example: `"60/1m"`},
		doc("How many requests in how long, as `<count>/<period>`; a period of 1s or more. A limit has either this or `tokens`.")),
	at("tokens", func(v any) any { p, _ := v.(*Limit); return &p.tokens }, quota, note{example: `"100000/24h"`},
		doc("How many tokens, of prompt and answer together, in how long. A call first reserves an estimate of its prompt and the longest answer it allows, and is corrected when the answer tells what it used.")),
	at("burst", func(v any) any { p, _ := v.(*Limit); return &p.burst }, integer64(1, 1_000_000_000_000), note{example: `20`},
		doc("How many of them may come at once. The count if not given.")),
	at("max_completion", func(v any) any { p, _ := v.(*Limit); return &p.MaxCompletion }, integer64(0, 10_000_000), note{def: `4096`, example: `16384`},
		doc("For `tokens`: what is reserved for the answer of a call that does not say how long it may be.")),
	at("by", func(v any) any { p, _ := v.(*Limit); return (*uint8)(&p.By) }, word("caller", "user", "address", "global"), note{def: `"caller"`, example: `"address"`},
		doc("Who shares one budget: each user, or each address where there is no user (`caller`); each user, and others are not charged (`user`); each client address (`address`); all together (`global`).")),
	at("paths", func(v any) any { p, _ := v.(*Limit); return &p.Paths }, list[Pattern](path, 64), note{example: `["/v1/chat/completions"]`},
		doc("Path patterns it holds for. None means all.")),
	at("classes", func(v any) any { p, _ := v.(*Limit); return &p.Classes }, list[string](text("name", 64, name), 64), note{example: `["batch"]`},
		doc("Key classes it holds for. None means all callers.")),
	partMode(func(v any) any { p, _ := v.(*Limit); return (*uint8)(&p.Mode) }),
)

var sizes = object("size", nil,
	partMode(func(v any) any { p, _ := v.(*Size); return (*uint8)(&p.Mode) }),
	at("max_body_bytes", func(v any) any { p, _ := v.(*Size); return &p.MaxBodyBytes }, size(1024, MostBodyBytes), note{def: `1048576`, example: `"4MiB"`},
		doc("Largest request body, in bytes; above it 413. The host has a bound of its own (Envoy: `request_body_buffer_limit`, 1 MiB unless set) that must not be below.")),
	at("max_text_chars", func(v any) any { p, _ := v.(*Size); return &p.MaxTextChars }, integer(1, 16<<20), note{def: `10000`, example: `50000`},
		doc("Longest single text of a user, in characters; above it 400.")),
	at("max_texts", func(v any) any { p, _ := v.(*Size); return &p.MaxTexts }, integer(1, 65536), note{def: `4096`, example: `1024`},
		doc("Most texts in one body, messages and parts of messages alike; above it 400.")),
	at("max_depth", func(v any) any { p, _ := v.(*Size); return &p.MaxDepth }, integer(8, 256), note{def: `64`, example: `32`},
		doc("Deepest nesting of a JSON body; above it 400.")),
	at("contexts", func(v any) any { p, _ := v.(*Size); return &p.Contexts }, list[Context](context, 64), note{example: `[{"model": "gpt-4o*", "tokens": 128000}]`},
		doc("How many tokens a prompt for a model may have; above it 400 `context_length_exceeded`. The tokens are estimated, see LIMITS.md. Of several that fit a model the first holds. None means that only the provider refuses.")),
)

var context = object("context", nil,
	at("model", func(v any) any { p, _ := v.(*Context); return &p.Model }, text("model", 128, modelPattern), note{required: true, example: `"gpt-4o*"`},
		doc("The model; a `*` at the end stands for any ending.")),
	at("tokens", func(v any) any { p, _ := v.(*Context); return &p.Tokens }, integer64(1, 100_000_000), note{required: true, example: `128000`},
		doc("The most tokens.")),
)

var inspection = object("inspection", checkInspection,
	partMode(func(v any) any { p, _ := v.(*Inspection); return (*uint8)(&p.Mode) }),
	at("preset", func(v any) any { p, _ := v.(*Inspection); return (*uint8)(&p.Scan.Preset) }, word("balanced", "strict", "quiet"), note{def: `"balanced"`, example: `"strict"`},
		doc("How much it takes to count as an injection: `strict` finds more and is wrong more often, `quiet` the reverse.")),
	at("roles", func(v any) any { p, _ := v.(*Inspection); return &p.Roles }, roles, note{def: `{}`, example: `{"assistant": "block"}`},
		doc("What follows by who wrote the text: refuse the request (`block`), let it pass with a mark for the upstream and the access log (`flag`), the same and take characters that nobody sees out of the text (`sanitise`; needs `header_mode: hold`), or do not scan such texts (`off`).")),
	at("disable", func(v any) any { p, _ := v.(*Inspection); return &p.Scan.Disable }, list[string](text("rule", 64, name), 256), note{example: `["persona"]`},
		doc("Rules and categories to leave out, by id.")),
	at("words", func(v any) any { p, _ := v.(*Inspection); return &p.Scan.Words }, list[scan.WordList](words, 64), note{example: `[{"list": "orders", "add": ["playbook", "house rule*"]}]`},
		doc("Words of yours for the lists that the built-in rules look for.")),
	at("rules", func(v any) any { p, _ := v.(*Inspection); return &p.Scan.Rules }, list[scan.Rule](ownRule, scan.MaxRules), note{example: `[{"id": "acme.falcon", "words": [["@show", "tell me"], ["project falcon"]], "within": 12}]`},
		doc("Rules of yours, of the category `custom`. They find disguised text too, as the built-in ones do.")),
	at("exceptions", func(v any) any { p, _ := v.(*Inspection); return &p.Exceptions }, list[Exception](exception, scan.MaxExceptions), note{example: `[{"paths": ["/v1/embeddings"], "classes": ["batch"], "disable": ["persona"]}]`},
		doc("Where something else holds: for some texts, calls or callers. All that match hold; of two that differ the later one.")),
)

var words = object("words", nil,
	at("list", func(v any) any { p, _ := v.(*scan.WordList); return &p.Name }, text("name", 64, name), note{required: true, example: `"orders"`},
		doc("Name of a word list, of those listed below.")),
	at("add", func(v any) any { p, _ := v.(*scan.WordList); return &p.Words }, ownWords, note{required: true, example: `["playbook", "house rule*"]`},
		doc("Words and phrases, in any case. One that ends in `*`, behind five letters or more, also stands for longer words that begin so.")),
)

var ownWords = list[string](text("word", 256, nil), scan.MaxWords)

var ownRule = object("rule", nil,
	at("id", func(v any) any { p, _ := v.(*scan.Rule); return &p.ID }, text("name", 64, name), note{required: true, example: `"acme.falcon"`},
		doc("Its name in the access log.")),
	at("severity", func(v any) any { p, _ := v.(*scan.Rule); return (*uint8)(&p.Severity) }, word("low", "medium", "high", "critical"), note{def: `"high"`, example: `"low"`},
		doc("How much it counts: 10, 45, 70 or 90 of 100 points. With the preset `balanced` a text of a user needs 60.")),
	at("words", func(v any) any { p, _ := v.(*scan.Rule); return &p.Slots }, list[[]string](ownWords, 6), note{required: true, example: `[["@show", "tell me"], ["project falcon"]]`},
		doc("One to six lists; the rule matches where a word of each list stands near the others. `@` and the name of a word list below stand for all of its words.")),
	at("within", func(v any) any { p, _ := v.(*scan.Rule); return &p.Within }, integer(1, 200), note{def: `8`, example: `12`},
		doc("How near: at most so many words from the first to the last.")),
	at("ordered", func(v any) any { p, _ := v.(*scan.Rule); return &p.Ordered }, boolean, note{def: `false`, example: `true`},
		doc("`true`: only in the order of the lists.")),
)

// exception begins with what must be so for it to hold.
var exception = object("exception", nil,
	at("roles", func(v any) any { p, _ := v.(*Exception); return &p.roles }, list[uint8](word("user", "system", "assistant", "tool", "document"), 5), note{example: `["tool", "document"]`},
		doc("Whose texts it is about. None means all that are scanned.")),
	at("paths", func(v any) any { p, _ := v.(*Exception); return &p.Paths }, list[Pattern](path, 64), note{example: `["/v1/embeddings"]`},
		doc("Path patterns of the calls that it is about. None means all.")),
	at("methods", func(v any) any { p, _ := v.(*Exception); return &p.Methods }, list[string](text("method", 16, method), 9), note{example: `["PUT"]`},
		doc("Methods of these calls, in capitals. None means all.")),
	at("users", func(v any) any { p, _ := v.(*Exception); return &p.Users }, list[string](text("name", 256, visible), 256), note{example: `["alice"]`},
		doc("Users who call. None means all callers, known or not.")),
	at("classes", func(v any) any { p, _ := v.(*Exception); return &p.Classes }, list[string](text("name", 64, name), 64), note{example: `["batch"]`},
		doc("Classes of the key that they call with. None means all callers.")),
	at("disable", func(v any) any { p, _ := v.(*Exception); return &p.scan.Disable }, list[string](text("rule", 64, name), 256), note{example: `["persona"]`},
		doc("Rules and categories to leave out here, beside those of `inspection.disable`.")),
	at("preset", func(v any) any { p, _ := v.(*Exception); return &p.scan.Preset }, word("same", "balanced", "strict", "quiet"), note{def: `"same"`, example: `"quiet"`},
		doc("Preset that holds here; `same` is that of the policy.")),
	at("threshold", func(v any) any { p, _ := v.(*Exception); return &p.scan.Threshold }, integer(0, 100), note{def: `0`, example: `85`},
		doc("Score from which on something was found here, whatever the preset; the access log has the scores. 0 keeps the preset's.")),
	at("action", func(v any) any { p, _ := v.(*Exception); return &p.action }, word("same", "block", "flag", "off", "sanitise"), note{def: `"same"`, example: `"flag"`},
		doc("What follows here, as in `inspection.roles`; `same` is what stands there.")),
)

var roles = object("roles", nil,
	role("user", scan.User, `"block"`, doc("What the user wrote.")),
	role("tool", scan.Tool, `"block"`, doc("Results of tools.")),
	role("document", scan.Document, `"block"`, doc("Documents and other texts that came with the request.")),
	role("assistant", scan.Assistant, `"flag"`, doc("Earlier answers of the model, as the client sends them back.")),
	role("system", scan.System, `"off"`, doc("The system prompt. Honest ones are full of \"never reveal\" and \"ignore\".")),
)

func role(called string, r scan.Role, def, doc string) *member {
	return at(called, func(v any) any { return (*uint8)(&v.(*Actions)[r]) },
		word("block", "flag", "off", "sanitise"), note{def: def, example: `"flag"`}, doc)
}

var breakers = object("breaker", checkBreaker,
	at("cluster", func(v any) any { p, _ := v.(*Breaker); return &p.Cluster }, text("cluster", 256, visible), note{required: true, example: `"openai"`},
		doc("The upstream cluster's name in the host's configuration.")),
	at("consecutive_failures", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.ConsecutiveFailures }, integer(0, 1000), note{def: `5`, example: `3`},
		doc("Opens after so many failures in a row. 0 switches this trigger off.")),
	at("failure_rate", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.FailureRatePercent }, integer(0, 100), note{def: `50`, example: `30`},
		doc("Opens when so many percent of the calls in the window failed. 0 switches this trigger off.")),
	at("slow_call", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.SlowCall }, duration(time.Millisecond, time.Hour), note{def: `"30s"`, example: `"10s"`},
		doc("A call is slow when its answer's headers take longer.")),
	at("slow_rate", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.SlowRatePercent }, integer(0, 100), note{def: `0`, example: `80`},
		doc("Opens when so many percent of the calls in the window were slow. 0 switches this trigger off.")),
	at("window", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.Window }, duration(time.Second, time.Hour), note{def: `"30s"`, example: `"1m"`},
		doc("How far back the rates look.")),
	at("minimum_calls", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.MinimumCalls }, integer(1, 100_000), note{def: `10`, example: `20`},
		doc("The rates say nothing before so many calls in the window.")),
	at("open", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.Open }, duration(100*time.Millisecond, time.Hour), note{def: `"5s"`, example: `"10s"`},
		doc("How long it stays open the first time. Doubles each time a probe fails.")),
	at("max_open", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.MaxOpen }, duration(100*time.Millisecond, breaker.MaxTime), note{def: `"1m"`, example: `"5m"`},
		doc("The longest it stays open, an upstream's `Retry-After` included.")),
	at("probes", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.HalfOpenProbes }, integer(1, breaker.MaxProbes), note{def: `1`, example: `3`},
		doc("How many calls may try the upstream at a time when the open time is over.")),
	at("probe_timeout", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.ProbeTimeout }, duration(time.Second, time.Hour), note{def: `"1m"`, example: `"30s"`},
		doc("A probe that has not ended by then no longer counts and another may go.")),
	at("failure_statuses", func(v any) any { p, _ := v.(*Breaker); return &p.Settings.FailureStatuses }, list[breaker.StatusRange](status, 64), note{def: `[500, 502, 503, 504, 529]`, example: `[500, 502, 503, 504, 429]`},
		doc("Statuses that count as a failure of the upstream, beside failed connections, timeouts and resets.")),
	partMode(func(v any) any { p, _ := v.(*Breaker); return (*uint8)(&p.Mode) }),
)

var endpoints = object("endpoints", checkEndpoints,
	at("prefix", func(v any) any { p, _ := v.(*Endpoints); return &p.Prefix }, text("path", 128, ownPath), note{def: `"/api/spark"`, example: `"/_guard"`},
		doc("Under it, `/health` says whether the filter lives, and with a master key how it is. An empty text serves nothing.")),
	at("metrics", func(v any) any { p, _ := v.(*Endpoints); return &p.Metrics }, text("path", 128, ownPath), note{def: `"/api/metrics"`, example: `""`},
		doc("Prometheus text. An empty text serves nothing.")),
	at("metrics_auth", func(v any) any { p, _ := v.(*Endpoints); return (*uint8)(&p.MetricsAuth) }, access, note{def: `"required"`, example: `"public"`},
		doc("What the metrics ask of their reader: a master key (`required`), a master key or none (`optional`; a bad one is still refused), or nothing (`public`).")),
)
