package breaker

import (
	"strings"
	"testing"
	"time"
)

func TestSettingsValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Settings)
		want   string // a part of the error, "" for none
	}{
		{"as they are", func(s *Settings) {}, ""},
		{"no trigger at all", func(s *Settings) { s.ConsecutiveFailures = 0 }, ""},
		{"no window without rates", func(s *Settings) { s.Window, s.MinimumCalls = 0, 0 }, ""},
		{"negative failures", func(s *Settings) { s.ConsecutiveFailures = -1 }, "consecutive_failures"},
		{"too many failures", func(s *Settings) { s.ConsecutiveFailures = 1_000_001 }, "consecutive_failures"},
		{"failure rate above 100", func(s *Settings) { s.FailureRatePercent = 101 }, "failure_rate"},
		{"negative failure rate", func(s *Settings) { s.FailureRatePercent = -1 }, "failure_rate"},
		{"slow rate above 100", func(s *Settings) { s.SlowRatePercent = 101 }, "slow_rate"},
		{"slow rate without slow call", func(s *Settings) { s.SlowRatePercent = 50 }, "slow_rate needs slow_call"},
		{"slow call without slow rate", func(s *Settings) { s.SlowCall = time.Second }, ""},
		{"negative slow call", func(s *Settings) { s.SlowCall = -1 }, "slow_call"},
		{"rate without window", func(s *Settings) { s.FailureRatePercent, s.Window = 50, 0 }, "window"},
		{"window too long", func(s *Settings) { s.FailureRatePercent, s.Window = 50, 25*time.Hour }, "window"},
		{"rate without minimum", func(s *Settings) { s.FailureRatePercent, s.MinimumCalls = 50, 0 }, "minimum_calls"},
		{"no open time", func(s *Settings) { s.Open = 0 }, "open must be"},
		{"open time too long", func(s *Settings) { s.Open = 25 * time.Hour }, "open must be"},
		{"longest below first", func(s *Settings) { s.MaxOpen = s.Open - 1 }, "max_open"},
		{"no probes", func(s *Settings) { s.HalfOpenProbes = 0 }, "probes must be"},
		{"too many probes", func(s *Settings) { s.HalfOpenProbes = MaxProbes + 1 }, "probes must be"},
		{"no probe timeout", func(s *Settings) { s.ProbeTimeout = 0 }, "probe_timeout"},
		{"status below 100", func(s *Settings) { s.FailureStatuses = []StatusRange{{0, 99}} }, "failure_statuses"},
		{"status above 599", func(s *Settings) { s.FailureStatuses = []StatusRange{{500, 600}} }, "failure_statuses"},
		{"range reversed", func(s *Settings) { s.FailureStatuses = []StatusRange{{504, 500}} }, "failure_statuses"},
	} {
		s := settings()
		c.change(&s)
		err := s.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestIsFailure(t *testing.T) {
	s := Settings{FailureStatuses: []StatusRange{{500, 504}, {429, 429}, {529, 529}}}
	for status, want := range map[int]bool{
		200: false, 400: false, 428: false, 429: true, 430: false, 499: false,
		500: true, 502: true, 504: true, 505: false, 529: true, 0: false, -1: false,
	} {
		if got := s.IsFailure(status); got != want {
			t.Errorf("IsFailure(%d) = %v, want %v", status, got, want)
		}
	}
	if (Settings{}).IsFailure(500) {
		t.Error("without ranges nothing is a failure")
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		Closed.String(): "closed", Open.String(): "open", HalfOpen.String(): "half_open", State(77).String(): "unknown",
		NoChange.String(): "none", Manual.String(): "manual", Cause(77).String(): "unknown",
		ProbesSucceeded.String(): "probes_succeeded", OpenTimeOver.String(): "open_time_over",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
