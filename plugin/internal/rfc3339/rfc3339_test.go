package rfc3339

import (
	"testing"
	"time"
)

// Every day of four centuries, and the seconds around midnight, against time.
func TestFormatAndParseAreThoseOfTime(t *testing.T) {
	first := time.Date(1899, 12, 31, 0, 0, 0, 0, time.UTC).Unix()
	for day := range int64(146_500) {
		for _, second := range []int64{0, 1, daySeconds - 1} {
			unix := first + day*daySeconds + second
			want := time.Unix(unix, 0).UTC().Format(time.RFC3339)
			if got := Format(unix); got != want {
				t.Fatalf("Format(%d) = %s, want %s", unix, got, want)
			}
			if got, ok := Parse(want); !ok || got != unix {
				t.Fatalf("Parse(%s) = %d, %v, want %d", want, got, ok, unix)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, good := range []string{"2027-01-31T00:00:00Z", "2024-02-29T23:59:59.999999999-23:59", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59+00:00"} {
		want, err := time.Parse(time.RFC3339, good)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := Parse(good); !ok || got != want.Unix() {
			t.Errorf("%s: %d, %v, want %d", good, got, ok, want.Unix())
		}
	}
	for _, bad := range []string{"", "2027-01-31", "2027-02-29T00:00:00Z", "2027-13-01T00:00:00Z", "2027-01-01T24:00:00Z", "2027-01-01T00:00:60Z",
		"2027-01-01T00:00:00", "2027-01-01T00:00:00.Z", "2027-01-01T00:00:00+0100", "2027-01-01t00:00:00z", "2027-01-01 00:00:00Z", "2027-01-01T00:00:00+24:00", "+027-01-01T00:00:00Z"} {
		if got, ok := Parse(bad); ok {
			t.Errorf("%q was read as %d", bad, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("2027-01-31T00:00:00Z")
	f.Add("2024-02-29T12:34:56.5+05:30")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Parse(s)
		want, err := time.Parse(time.RFC3339, s) // takes a little more, such as hours of one digit
		if ok && (err != nil || got != want.Unix()) {
			t.Errorf("%q: %d %v, package time says %v %v", s, got, ok, want.Unix(), err)
		}
	})
}
