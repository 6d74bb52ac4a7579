package config

import (
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/scan"
)

// TestExcept says which exceptions hold for which call, and what then follows.
func TestExcept(t *testing.T) {
	c, err := Parse([]byte(`{"inspection": {"roles": {"user": "block", "assistant": "off"}, "exceptions": [
		{"paths": ["/v1/embeddings", "/v2/*"], "methods": ["POST"], "action": "flag"},
		{"users": ["alice"], "roles": ["user", "system"], "action": "off"},
		{"classes": ["batch"], "action": "block", "roles": ["assistant"]},
		{"classes": ["batch"], "users": ["bob"], "disable": ["persona"]},
		{"roles": ["tool", "tool"], "preset": "quiet"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		method, path, user, class     string
		set                           uint64
		onUser, onSystem, onAssistant Action
	}{
		{"POST", "/v1/chat/completions", "", "", 1 << 4, Block, Skip, Skip},
		{"POST", "/v1/embeddings", "", "", 1<<4 | 1, Flag, Skip, Skip},
		{"PUT", "/v1/embeddings", "", "", 1 << 4, Block, Skip, Skip},
		{"POST", "/v2/any/thing", "bob", "", 1<<4 | 1, Flag, Skip, Skip},
		{"POST", "", "bob", "", 1 << 4, Block, Skip, Skip}, // a path that could be read in two ways
		{"POST", "/", "alice", "", 1<<4 | 2, Skip, Skip, Skip},
		{"POST", "/v1/embeddings", "alice", "batch", 1<<4 | 7, Skip, Skip, Block},
		{"POST", "/", "bob", "batch", 1<<4 | 1<<3 | 1<<2, Block, Skip, Block},
		{"POST", "/", "eve", "batch", 1<<4 | 1<<2, Block, Skip, Block},
	} {
		actions, set := c.Inspection.Except(x.method, x.path, x.user, x.class)
		if set != x.set || actions[scan.User] != x.onUser || actions[scan.System] != x.onSystem || actions[scan.Assistant] != x.onAssistant {
			t.Errorf("%+v: %b, %v", x, set, actions)
		}
	}
	if e := c.Inspection.Scan.Exceptions; len(e) != 5 || e[4].Roles != 1<<scan.Tool || e[4].Preset != 1+uint8(scan.Quiet) || e[0].Roles != 0 {
		t.Errorf("the scanner gets %+v", e)
	}
}
