// Package apikey turns a credential into a caller: hashed keys, dates, what a
// key may be used for, and where in a request it may be.
package apikey

// Key is one API key. The key itself is never held, only its SHA-256.
type Key struct {
	Hash  [32]byte // SHA-256 of the credential
	User  string   // who calls; several keys of one user allow rotation with overlap
	Class string   // limit class, "" for the default
	// Models that the key may ask for, see AllowsModel. None means all.
	Models []string
	// Paths that the key may call, in the policy's path patterns. None means
	// all.
	Paths  []string
	Labels []Label
	// NotBefore and NotAfter bound the key's life in Unix seconds: it is valid
	// from the first to just before the second. 0 means no bound.
	NotBefore, NotAfter int64
	// Master keys reach the admin endpoints and bypass limits by user.
	Master bool
}

// Label is a free name and value of a key, for logs and metrics.
type Label struct{ Name, Value string }
