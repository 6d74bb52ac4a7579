package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

// buildWasm compiles a program for WASI and returns the module, with its names.
func buildWasm(t *testing.T, what string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "go.wasm")
	cmd := exec.Command("go", "build", "-ldflags=-w", "-o", file, what)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", what, err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// play runs a module and returns what it printed and its exit code.
func play(t *testing.T, module []byte) (string, uint32) {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	var out bytes.Buffer
	config := wazero.NewModuleConfig().WithStdout(&out).WithStderr(&out).WithArgs("flow")
	_, err := r.InstantiateWithConfig(ctx, module, config)
	var exit *sys.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return out.String(), 0
	}
	return out.String(), exit.ExitCode()
}

// same runs a module before and after and compares.
func same(t *testing.T, module []byte) []byte {
	t.Helper()
	after, err := reflow(module)
	if err != nil {
		t.Fatal(err)
	}
	wantOut, wantCode := play(t, module)
	gotOut, gotCode := play(t, after)
	if gotOut != wantOut || gotCode != wantCode {
		t.Errorf("exit code %d, was %d; printed\n%s\nwas\n%s", gotCode, wantCode, gotOut, wantOut)
	}
	return after
}

// TestSame runs programs that take every way through a function.
func TestSame(t *testing.T) {
	module := buildWasm(t, "./testdata/flow")
	out, code := play(t, module)
	if code != 3 || !bytes.Contains([]byte(out), []byte("generics c 9")) {
		t.Fatalf("exit code %d, printed\n%s", code, out)
	}
	after := same(t, module)
	if len(after) > len(module)*95/100 {
		t.Errorf("%d bytes of %d are left: most functions stayed as they were?", len(after), len(module))
	}
}

// TestJumps runs functions made of jumps at random, most with loops that have several
// entries, some with calls behind which they are entered again.
func TestJumps(t *testing.T) {
	const functions = 150
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("package main\n\nimport \"runtime\"\n\nvar sum, fuel int\n\n" +
		"//go:noinline\nfunc call(n int) int {\n\tif n%3 == 0 {\n\t\truntime.Gosched()\n\t}\n\treturn n*5%1000 + 1\n}\n\n")
	for f := range functions {
		writeJumps(&b, random, f)
	}
	b.WriteString("func main() {\n")
	for f := range functions {
		fmt.Fprintf(&b, "\tfuel = 200\n\tsum = (sum*31 + f%d(%d)) %% 1000003\n\tprintln(sum)\n", f, random.IntN(100))
	}
	b.WriteString("}\n")
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	module := buildWasm(t, file)
	if out, _ := play(t, module); strings.Count(out, "\n") != functions {
		t.Fatalf("the program printed\n%s", out)
	}
	same(t, module)
}

// writeJumps writes a function of some labels with jumps from each to two others.
func writeJumps(b *strings.Builder, random *rand.Rand, f int) {
	labels := 2 + random.IntN(9)
	calls := f%3 != 0
	fmt.Fprintf(b, "//go:noinline\nfunc f%d(n int) int {\n\tx := n\n", f)
	for l := range labels {
		fmt.Fprintf(b, "\tgoto l%d\nl%d:\n", l, l)
		fmt.Fprintf(b, "\tif fuel--; fuel < 0 {\n\t\treturn x\n\t}\n\tx = (x*%d + %d) %% 65521\n", 3+random.IntN(9), l)
		if calls && random.IntN(3) == 0 {
			b.WriteString("\tx += call(x)\n")
		}
		fmt.Fprintf(b, "\tif x%%%d == 0 {\n\t\tgoto l%d\n\t}\n", 2+random.IntN(4), random.IntN(labels))
		if random.IntN(2) == 0 {
			fmt.Fprintf(b, "\tif x&%d != 0 {\n\t\tgoto l%d\n\t}\n", 1<<random.IntN(5), random.IntN(labels))
		}
	}
	b.WriteString("\treturn x\n}\n\n")
}

// FuzzReflow gives it anything: it must not panic or hang, and what it makes of a
// module it can read again.
func FuzzReflow(f *testing.F) {
	f.Add(header)
	loop := []byte{0, 3, 0x40, 2, 0x40, 2, 0x40, 0x20, 0, 0x0E, 1, 0, 1, 0x0B, 0x41, 0, 0x21, 0, 0x0C, 1, 0x0B, 0x41, 0, 0x0F, 0x0B, 0, 0x0B}
	code := append([]byte{1, byte(len(loop))}, loop...)
	names := []byte("\x04name\x01\x04\x01\x00\x01f")
	module := append(append(append(bytes.Clone(header), codeSection, byte(len(code))), code...), customSection, byte(len(names)))
	module = append(module, names...)
	f.Add(module)
	if after, err := reflow(module); err != nil || bytes.Equal(after, module) {
		f.Fatalf("the seed is not rewritten: %v", err)
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		after, err := reflow(module)
		if err != nil {
			return
		}
		if _, err := readModule(after); err != nil {
			t.Errorf("%x became %x: %v", module, after, err)
		}
	})
}
