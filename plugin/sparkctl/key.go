package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/apikey"
	"github.com/sparkward/sparkward/plugin/internal/config"
)

var keyNewCommand = command{
	name:    "key new",
	args:    "[-user NAME] [-prefix sk-]",
	summary: "make a key; prints it once, with its entry for the policy",
	run:     keyNew,
}

func keyNew(c command, args []string, std streams) error {
	user, prefix := "", ""
	_, err := parseFlags(c, args, std, 0, 0, func(f *flag.FlagSet) {
		f.StringVar(&user, "user", "someone", "who will call with the key")
		f.StringVar(&prefix, "prefix", "sk-", "what the key begins with, so that people and scanners know it for a key")
	})
	if err != nil {
		return err
	}
	if len(prefix) > 64 {
		return usagef("key new: -prefix has %d bytes, want at most 64", len(prefix))
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	key := prefix + base64.RawURLEncoding.EncodeToString(secret)
	if err := checkKey(key); err != nil {
		return usagef("key new: -prefix: %v", err)
	}
	entry, err := keyEntry(user, key)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, `# The key, for its user. It is not stored anywhere and cannot be shown again:
%s

# Its entry for auth.keys in the policy:
%s`, key, entry)
	return nil
}

// keyEntry returns the policy's entry for a key, after a look at whether a
// policy with it would be accepted.
func keyEntry(user, key string) (string, error) {
	entry := fmt.Sprintf("    - user: %q\n      sha256: %s\n", user, hashKey(key))
	doc, err := fromYAML([]byte("auth:\n  keys:\n" + entry))
	if err != nil {
		return "", usagef("key new: -user: got %q, want a name of letters, digits and . _ - @ / only", user)
	}
	if _, err := config.Parse(doc.json); err != nil {
		return "", usagef("key new: -user: %v", unjoin(err)[0])
	}
	return entry, nil
}

var keyHashCommand = command{
	name:    "key hash",
	args:    "< key",
	summary: "read a key from standard input and print its SHA-256 for the policy",
	run:     keyHash,
}

func keyHash(c command, args []string, std streams) error {
	if _, err := parseFlags(c, args, std, 0, 0, func(*flag.FlagSet) {}); err != nil {
		return err
	}
	if f, ok := std.in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			fmt.Fprintln(std.err, "Type or paste the key, then Enter:")
		}
	}
	line, err := bufio.NewReader(io.LimitReader(std.in, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	key := strings.TrimRight(line, "\r\n")
	if err := checkKey(key); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	fmt.Fprintln(std.out, hashKey(key))
	return nil
}

// checkKey says whether a caller could send key at all.
func checkKey(key string) error {
	got, err := apikey.Extract(apikey.DefaultLocations(), [][2]string{{"x-api-key", key}})
	switch {
	case errors.Is(err, apikey.ErrEmpty):
		return errors.New("no key: give one on the first line")
	case errors.Is(err, apikey.ErrTooLong):
		return fmt.Errorf("a key of %d bytes, want at most %d", len(key), apikey.MaxCredential)
	case err != nil || got != key:
		return errors.New("not a key: want visible ASCII without spaces and commas")
	}
	return nil
}

func hashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

var keyListCommand = command{
	name:    "key list",
	args:    "policy.yaml",
	summary: "list the keys of a policy by user",
	run:     keyList,
}

// listedKey is what key list shows of a key. The policy was checked before.
type listedKey struct {
	User, Name, Class, SHA256 string
	Not_Before, Not_After     time.Time
}

func keyList(c command, args []string, std streams) error {
	files, err := parseFlags(c, args, std, 1, 1, func(*flag.FlagSet) {})
	if err != nil {
		return err
	}
	p, err := readPolicy(files[0], std.in)
	if err != nil {
		return err
	}
	var listed struct {
		Auth struct{ Keys, Master_Keys []listedKey }
	}
	if err := json.Unmarshal(p.json, &listed); err != nil {
		return err
	}
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "USER\tCLASS\tSHA-256\tSTATE")
	now := time.Now()
	for _, k := range listed.Auth.Keys {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.User, orDash(k.Class), k.short(), k.state(now))
	}
	for _, k := range listed.Auth.Master_Keys {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Name, "(master)", k.short(), k.state(now))
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// state says whether the key is good at now, and until when.
func (k *listedKey) state(now time.Time) string {
	switch {
	case now.Before(k.Not_Before):
		return "good from " + k.Not_Before.UTC().Format(time.RFC3339)
	case k.Not_After.IsZero():
		return "good"
	case now.Before(k.Not_After):
		return "good until " + k.Not_After.UTC().Format(time.RFC3339)
	}
	return "expired " + k.Not_After.UTC().Format(time.RFC3339)
}

// short is as much of the key's hash as tells keys apart.
func (k *listedKey) short() string { return strings.ToLower(k.SHA256[:12]) }
