package train

import "regexp"

// fifteen is the list of expressions that a gateway without a scanner of its
// own would ship: what blog posts and open rule lists have in common.
var fifteen = compile(
	`ignore\s+(all\s+)?(the\s+)?(previous|prior|above|earlier)\s+(instructions|prompts?|rules|directions)`,
	`disregard\s+(all\s+)?(the\s+|your\s+)?(previous|prior|above|system)`,
	`forget\s+(everything|all|your\s+(instructions|rules|training))`,
	`override\s+(your|the|all|system)\s+(instructions|rules|prompt|settings)`,
	`(reveal|show|print|repeat|output)\s+(me\s+)?(your|the)\s+(system\s+)?(prompt|instructions)`,
	`what\s+(is|are|were)\s+your\s+(system\s+)?(prompt|instructions)`,
	`you\s+are\s+now\s+(a|an|in|dan|the)\b`,
	`act\s+as\s+(if|though|a|an)\b.*\b(no|without)\s+(any\s+)?(restrictions|rules|limits|filters)`,
	`pretend\s+(to\s+be|you\s+are|that\s+you)\b.*\b(no|without|unrestricted|unfiltered)`,
	`\bdo\s+anything\s+now\b|\bDAN\b`,
	`\bjailbreak|\bdeveloper\s+mode\b`,
	`bypass\s+(your|the|all|any)\s+(safety|security|content|filters?|restrictions)`,
	`new\s+instructions?\s*:`,
	`<\|im_start\|>|\[INST\]|###\s*system`,
	`(without|no)\s+(any\s+)?(ethical|moral)\s+(guidelines|restrictions|constraints)`,
)

func compile(patterns ...string) []*regexp.Regexp {
	var list []*regexp.Regexp
	for _, p := range patterns {
		list = append(list, regexp.MustCompile(`(?is)`+p))
	}
	return list
}

func anyMatch(list []*regexp.Regexp, text string) bool {
	for _, re := range list {
		if re.MatchString(text) {
			return true
		}
	}
	return false
}
