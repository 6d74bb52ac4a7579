package guard

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestDuplicatedNamesHeadersThatMustBeSingle(t *testing.T) {
	cases := []struct {
		name string
		h    fields
		want string
	}{
		{"none", fields{{":path", "/"}, {"accept", "a"}, {"accept", "b"}}, ""},
		{"authorization", fields{{"authorization", "Bearer a"}, {"authorization", "Bearer a"}}, "authorization"},
		{"content-type", fields{{"content-type", "a"}, {"x", "y"}, {"content-type", "a"}}, "content-type"},
	}
	for _, c := range cases {
		if got, _ := c.h.duplicated(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestApply(t *testing.T) {
	base := func() [][2]string {
		return [][2]string{{":status", "200"}, {"server", "a"}, {"set-cookie", "1"}, {"set-cookie", "2"}}
	}
	cases := []struct {
		name  string
		edits []Edit
		want  [][2]string
	}{
		{"nothing", nil, base()},
		{"new header goes to the end", []Edit{{Name: "x", Value: "1"}},
			append(base(), [2]string{"x", "1"})},
		{"replaced where the first stood", []Edit{{Name: "set-cookie", Value: "3"}},
			[][2]string{{":status", "200"}, {"server", "a"}, {"set-cookie", "3"}}},
		{"removed with every value", []Edit{{Name: "set-cookie", Remove: true}},
			[][2]string{{":status", "200"}, {"server", "a"}}},
		{"later edits see earlier ones", []Edit{{Name: "x", Value: "1"}, {Name: "x", Remove: true}}, base()},
	}
	for _, c := range cases {
		if got := Apply(base(), c.edits); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestStripInternalFindsEveryOne(t *testing.T) {
	h := fields{{"x-sparkward-flag", "no"}, {"x-spark", "keep"}, {"x-sparkward-user", "root"}}
	edits := h.stripInternal(nil)
	if len(edits) != 2 || !edits[0].Remove || edits[1].Name != "x-sparkward-user" {
		t.Errorf("edits = %v", edits)
	}
}

func TestClientAddress(t *testing.T) {
	cases := []struct {
		name      string
		peer      string
		forwarded []string
		hops      int
		want      string
	}{
		{"port is stripped", "192.0.2.1:55", nil, 0, "192.0.2.1"},
		{"IPv6 by prefix", "[2001:db8:1:2:3::4]:55", nil, 0, "2001:db8:1:2::/64"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:55", nil, 0, "192.0.2.1"},
		{"forwarded is not believed by default", "192.0.2.1:55", []string{"203.0.113.9"}, 0, "192.0.2.1"},
		{"one trusted hop", "192.0.2.1:55", []string{"198.51.100.7, 203.0.113.9"}, 1, "203.0.113.9"},
		{"hops over several values", "192.0.2.1:55", []string{"198.51.100.7", "203.0.113.9, 203.0.113.10"}, 3, "198.51.100.7"},
		{"fewer entries than hops", "192.0.2.1:55", []string{"203.0.113.9"}, 2, "192.0.2.1"},
		{"an empty hop", "192.0.2.1:55", []string{"203.0.113.9,"}, 1, "192.0.2.1"},
		{"a hop with a port", "192.0.2.1:55", []string{"[2001:db8::1]:9"}, 1, "2001:db8::/64"},
		{"a hop that is no address", "192.0.2.1:55", []string{"me"}, 1, "unknown"},
		{"no peer", "", nil, 0, "unknown"},
		{"zone", "[fe80::1%eth0]:1", nil, 0, "fe80::/64"},
	}
	for _, c := range cases {
		if got := clientAddress(c.peer, c.forwarded, c.hops, 64); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// FuzzAddressNetwork holds the addresses to net/netip.
func FuzzAddressNetwork(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1%eth0", "::", "1::", "::1.2.3.4", "1:2:3:4:5:6:7:8", "1::2:0:0:3", "fe80::", "01.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7::"} {
		f.Add(s, 64)
	}
	f.Fuzz(func(t *testing.T, s string, prefix int) {
		prefix &= 127
		got, ok := addressNetwork(s, prefix)
		addr, err := netip.ParseAddr(s)
		if strings.HasSuffix(s, "%") { // netip wants a zone there, we drop it anyway
			return
		}
		if ok != (err == nil) {
			t.Fatalf("%q: %q %v, netip says %v", s, got, ok, err)
		}
		if !ok {
			return
		}
		want := addr.Unmap().WithZone("")
		if addr.Is4In6() && addr.Zone() != "" {
			want = addr.WithZone("")
		}
		if want.Is4() {
			if got != want.String() {
				t.Fatalf("%q: %q, want %q", s, got, want)
			}
			return
		}
		net := netip.PrefixFrom(want, prefix).Masked()
		if read, err := netip.ParsePrefix(got); err != nil || read != net {
			t.Fatalf("%q: %q, want %q", s, got, net)
		}
	})
}

func FuzzClientAddress(f *testing.F) {
	f.Add("192.0.2.1:55", "198.51.100.7, ::1", 1)
	f.Add("[::1", ",,,", 2)
	f.Fuzz(func(t *testing.T, peer, forwarded string, hops int) {
		got := clientAddress(peer, []string{forwarded}, hops%8, 64)
		if got == "" || len(got) > len("ffff:ffff:ffff:ffff::/64") {
			t.Errorf("address %q of peer %q, forwarded %q", got, peer, forwarded)
		}
	})
}
