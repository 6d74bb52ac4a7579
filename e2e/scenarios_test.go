package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/e2e/script"
)

// update names the target whose transcripts are written into the files.
var update updateFlag

func init() {
	flag.Var(&update, "update", "write the transcripts that really came out into the scenario files: those of hostsim, or with -update=envoy those of Envoy")
}

// updateFlag is a flag that may stand alone.
type updateFlag string

func (f *updateFlag) String() string   { return string(*f) }
func (f *updateFlag) IsBoolFlag() bool { return true }
func (f *updateFlag) Set(s string) error {
	switch s {
	case "true", "hostsim":
		*f = "hostsim"
	case "false", "":
		*f = ""
	case "envoy":
		*f = "envoy"
	default:
		return fmt.Errorf("want hostsim or envoy")
	}
	return nil
}

// sideBySide is how many scenarios run at once. On Envoy most of them wait for time
// to pass, so it does not depend on the number of processors.
const sideBySide = 6

func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		flag.Set("test.parallel", strconv.Itoa(sideBySide))
	}
	os.Exit(m.Run())
}

// TestScenarios plays every file in testdata on every target. The transcript
// must be the file itself, so both targets give the same one.
//
//	go test ./e2e -run TestScenarios/envoy/auth_keys
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenario files in testdata (%v)", err)
	}
	for _, name := range []string{"hostsim", "envoy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, err := newTarget(name)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(target.close)
			for _, file := range files {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
					t.Parallel()
					playFile(t, target, file, string(update) == name)
				})
			}
		})
	}
}

func newTarget(name string) (target, error) {
	if name == "envoy" {
		return newEnvoyTarget()
	}
	return newSimTarget()
}

// busy is how much time may pass between the steps of a scenario before it may give
// something else for that alone: breakers that open for 2 s are open for 1.6 s at
// least. On a machine that is so busy it is played again, with more slack.
const busy = time.Second

func playFile(t *testing.T, target target, file string, update bool) {
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSuffix(filepath.Base(file), ".txt")
	got, strayed, err := play(t.Context(), target, name, string(want), 1)
	for _, slack := range []int{4, 16} {
		if got == string(want) || update || strayed < busy {
			break
		}
		t.Logf("played again: %v passed beside what the steps took on purpose: %v\n%s", strayed, err, script.Diff(string(want), got))
		got, strayed, err = play(t.Context(), target, name, string(want), slack)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if update && got != string(want) {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: written", file)
		return
	}
	if diff := script.Diff(string(want), got); diff != "" {
		t.Errorf("%s: the transcript differs (- expected, + got):\n%s", file, diff)
	}
}
