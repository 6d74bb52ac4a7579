package apikey

import (
	"strings"
	"testing"
)

func TestExtract(t *testing.T) {
	long := strings.Repeat("k", MaxCredential)
	for _, c := range []struct {
		name    string
		headers [][2]string
		want    string
		err     error
	}{
		{"nothing", nil, "", ErrNone},
		{"other headers", [][2]string{{"accept", "sk"}, {":path", "/"}, {"", ""}}, "", ErrNone},
		{"bearer", [][2]string{{"authorization", "Bearer sk-1"}}, "sk-1", nil},
		{"scheme in lower case", [][2]string{{"authorization", "bearer sk-1"}}, "sk-1", nil},
		{"scheme in capitals", [][2]string{{"authorization", "BEARER sk-1"}}, "sk-1", nil},
		{"name in capitals", [][2]string{{"Authorization", "Bearer sk-1"}}, "sk-1", nil},
		{"spaces around", [][2]string{{"authorization", " \tBearer   sk-1 \t"}}, "sk-1", nil},
		{"x-api-key", [][2]string{{"x-api-key", "sk-1"}}, "sk-1", nil},
		{"api-key", [][2]string{{"api-key", "sk-1"}}, "sk-1", nil},
		{"x-goog-api-key", [][2]string{{"x-goog-api-key", "sk-1"}}, "sk-1", nil},
		{"base64 with padding", [][2]string{{"authorization", "Bearer a+/b=="}}, "a+/b==", nil},
		{"same key in two places", [][2]string{{"authorization", "Bearer sk-1"}, {"x-api-key", "sk-1"}}, "sk-1", nil},
		{"two keys in two places", [][2]string{{"authorization", "Bearer sk-1"}, {"x-api-key", "sk-2"}}, "", ErrDuplicate},
		{"header twice", [][2]string{{"authorization", "Bearer sk-1"}, {"authorization", "Bearer sk-2"}}, "", ErrDuplicate},
		{"the same header twice", [][2]string{{"x-api-key", "sk-1"}, {"x-api-key", "sk-1"}}, "", ErrDuplicate},
		{"header twice in two cases", [][2]string{{"x-api-key", "sk-1"}, {"X-Api-Key", "sk-1"}}, "", ErrDuplicate},
		{"second is empty", [][2]string{{"x-api-key", "sk-1"}, {"x-api-key", ""}}, "", ErrDuplicate},
		{"empty", [][2]string{{"authorization", ""}}, "", ErrEmpty},
		{"white space", [][2]string{{"x-api-key", " \t "}}, "", ErrEmpty},
		{"scheme alone", [][2]string{{"authorization", "Bearer"}}, "", ErrEmpty},
		{"scheme and spaces", [][2]string{{"authorization", "Bearer   "}}, "", ErrEmpty},
		{"one empty, one good", [][2]string{{"x-api-key", "sk-1"}, {"authorization", "Bearer "}}, "", ErrEmpty},
		{"wrong scheme", [][2]string{{"authorization", "Basic c2stMQ=="}}, "", ErrMalformed},
		{"scheme as a prefix", [][2]string{{"authorization", "Bearersk-1"}}, "", ErrMalformed},
		{"no scheme", [][2]string{{"authorization", "sk-1"}}, "", ErrMalformed},
		{"tab after the scheme", [][2]string{{"authorization", "Bearer\tsk-1"}}, "", ErrMalformed},
		{"comma list", [][2]string{{"authorization", "Bearer sk-1, Bearer sk-2"}}, "", ErrDuplicate},
		{"comma at the end", [][2]string{{"authorization", "Bearer sk-1,"}}, "", ErrDuplicate},
		{"two long ones", [][2]string{{"authorization", "Bearer " + long + ", Bearer " + long}}, "", ErrDuplicate},
		{"a signature of AWS", [][2]string{{"authorization", "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/bedrock, SignedHeaders=host"}}, "", ErrMalformed},
		{"joined behind another scheme", [][2]string{{"authorization", "Basic c2stMQ==, Bearer sk-1"}}, "", ErrMalformed},
		{"comma list without spaces", [][2]string{{"x-api-key", "sk-1,sk-2"}}, "", ErrDuplicate},
		{"two words", [][2]string{{"x-api-key", "sk-1 sk-2"}}, "", ErrMalformed},
		{"scheme where none belongs", [][2]string{{"x-api-key", "Bearer sk-1"}}, "", ErrMalformed},
		{"new line", [][2]string{{"x-api-key", "sk-1\nx: y"}}, "", ErrMalformed},
		{"null byte", [][2]string{{"x-api-key", "sk-1\x00"}}, "", ErrMalformed},
		{"not ASCII", [][2]string{{"x-api-key", "sk-é"}}, "", ErrMalformed},
		{"invalid UTF-8", [][2]string{{"x-api-key", "sk-\xff"}}, "", ErrMalformed},
		{"no-break space", [][2]string{{"x-api-key", "\u00a0sk-1"}}, "", ErrMalformed},
		{"Kelvin sign in the name", [][2]string{{"x-api-\u212aey", "sk-1"}}, "", ErrNone},
		{"longest", [][2]string{{"x-api-key", long}}, long, nil},
		{"one byte too long", [][2]string{{"x-api-key", long + "k"}}, "", ErrTooLong},
		{"8 KiB", [][2]string{{"authorization", "Bearer " + strings.Repeat(long, 8)}}, "", ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Extract(DefaultLocations(), c.headers)
			if got != c.want || err != c.err {
				t.Errorf("got %q, %v, want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestExtractOwnLocations(t *testing.T) {
	locations := []Location{{"authorization", "Bearer"}, {"authorization", "ApiKey"}, {"x-token", ""}}
	for _, c := range []struct {
		headers [][2]string
		want    string
		err     error
	}{
		{[][2]string{{"authorization", "ApiKey sk-1"}}, "sk-1", nil},
		{[][2]string{{"authorization", "apikey sk-1"}}, "sk-1", nil},
		{[][2]string{{"authorization", "Bearer sk-1"}, {"x-token", "sk-1"}}, "sk-1", nil},
		{[][2]string{{"authorization", "Token sk-1"}}, "", ErrMalformed},
		{[][2]string{{"x-api-key", "sk-1"}}, "", ErrNone},
	} {
		if got, err := Extract(locations, c.headers); got != c.want || err != c.err {
			t.Errorf("%q: got %q, %v, want %q, %v", c.headers, got, err, c.want, c.err)
		}
	}
	if _, err := Extract(nil, [][2]string{{"authorization", "Bearer sk-1"}}); err != ErrNone {
		t.Errorf("without locations: got %v, want ErrNone", err)
	}
}

// TestErrorsHideTheCredential: no error may carry what the client sent.
func TestErrorsHideTheCredential(t *testing.T) {
	for _, value := range []string{"secret,secret", "secret secret", strings.Repeat("secret", 300)} {
		_, err := Extract(DefaultLocations(), [][2]string{{"x-api-key", value}})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.20q: error %v", value, err)
		}
	}
}

func TestExtractAllocatesNothing(t *testing.T) {
	locations := DefaultLocations()
	headers := [][2]string{{":path", "/v1/chat/completions"}, {"content-type", "application/json"}, {"authorization", "Bearer sk-1"}}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Extract(locations, headers); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

// FuzzExtract holds what must be so for any two headers.
func FuzzExtract(f *testing.F) {
	f.Add("authorization", "Bearer sk-1", "x-api-key", "sk-1")
	f.Add("Authorization", "bearer  a,b", "api-key", "")
	f.Add("x-goog-api-key", " k\t", "accept", "*/*")
	f.Add("x-api-key", "\u212a\xff", "X-API-KEY", "\x00")
	locations := DefaultLocations()
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		headers := [][2]string{{name1, value1}, {name2, value2}}
		got, err := Extract(locations, headers)
		if (got == "") != (err != nil) {
			t.Fatalf("got %q, %v", got, err)
		}
		if err == nil {
			if len(got) > MaxCredential || strings.ContainsAny(got, " ,\t\r\n\x00") {
				t.Fatalf("%q is no credential", got)
			}
			if !strings.HasSuffix(strings.TrimRight(value1, " \t"), got) && !strings.HasSuffix(strings.TrimRight(value2, " \t"), got) {
				t.Fatalf("%q ends neither %q nor %q", got, value1, value2)
			}
		}
		turned, turnedErr := Extract(locations, [][2]string{headers[1], headers[0]})
		if (turnedErr == nil) != (err == nil) || turned != got {
			t.Fatalf("order matters: %q, %v and %q, %v", got, err, turned, turnedErr)
		}
		if again, err := Extract(locations, append(headers, [2]string{"x-api-key", "another"})); err == nil && again != "another" {
			t.Fatalf("a third header with another key was overlooked: %q", again)
		}
	})
}

func BenchmarkExtract(b *testing.B) {
	locations := DefaultLocations()
	headers := [][2]string{{":method", "POST"}, {":path", "/v1/chat/completions"}, {":authority", "gateway"}, {"content-type", "application/json"},
		{"accept", "*/*"}, {"user-agent", "openai-go"}, {"content-length", "1100"}, {"x-request-id", "abc"}, {"authorization", "Bearer sk-demo-alice"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Extract(locations, headers); err != nil {
			b.Fatal(err)
		}
	}
}
