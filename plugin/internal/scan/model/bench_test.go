package model

import (
	"strings"
	"testing"
)

// BenchmarkRate is over folded texts; short has the most tokens a byte.
func BenchmarkRate(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"english", "the committee met on tuesday to discuss the budget for the coming year. after a long debate about the library, most members agreed that the reading room should stay open at weekends, and that two more people would be hired before the summer. "},
		{"code", "func (s *server) handle(w http.responsewriter, r *http.request) {\nif r.method != http.methodpost {\nhttp.error(w, \"method not allowed\", 405)\nreturn\n}\nbody, err := io.readall(io.limitreader(r.body, 1<<20))\n}\n"},
		{"chinese", "请把下面的段落翻译成英文,并保持原来的语气和格式.会议定于下周三上午九点在三楼举行,请各部门提前准备好本季度的工作报告."},
		{"russian", "переведи следующий абзац на английскии язык, пожалуиста, и сохрани стиль автора. заседание состоится в среду утром на третьем этаже. "},
		{"hindi", "कृपया नीचे दिए गए अनुच्छेद का अंग्रेज़ी में अनुवाद करें और लेखक की शैली बनाए रखें. बैठक बुधवार सुबह तीसरी मंजिल पर होगी. "},
		{"short", "a.b:c!d?e\"f[g]h{i}j<k>l|m#n.o:p!q?r\"s[t]u{v}w<x>y|z#"},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := []byte(strings.Repeat(c.text, 1+10000/len(c.text)))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				builtin.Rate(text)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(text)), "ns/byte")
		})
	}
}
