package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
)

// TestAuditLabels: the labels of a key are in the audit line, and only of that key.
func TestAuditLabels(t *testing.T) {
	hashed := func(key string) string { sum := sha256.Sum256([]byte(key)); return hex.EncodeToString(sum[:]) }
	g, _ := newGuard(t, `{"auth":{"keys":[
		{"user":"alice","sha256":"`+hashed("k1")+`","labels":{"team":"a \"b\"","cost-centre":"4711"}},
		{"user":"bob","sha256":"`+hashed("k2")+`"}]}}`)
	for key, want := range map[string]string{"k1": `map[cost-centre:4711 team:a "b"]`, "k2": "<nil>", "wrong": "<nil>"} {
		c := chat(key, "hi").run(t, g)
		if got := fmt.Sprint(c.audit["labels"]); got != want {
			t.Errorf("%s: labels %s, want %s", key, got, want)
		}
	}
}
