package main

import (
	"slices"

	"github.com/sparkward/sparkward/plugin/internal/metric"
	"go.yaml.in/yaml/v3"
)

// setStatsTags lists every label of the filter's metrics, so that Envoy makes
// labels of them: the filter spells them name_label=.=value;.; as Istio does.
func setStatsTags(t *tree) {
	tags := t.at("stats_config", "stats_tags")
	tags.clear()
	for i, label := range metricLabels() {
		var tag yaml.Node
		tag.Kind = yaml.MappingNode
		item := tags.insert(i, &tag)
		item.add("tag_name", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: label})
		item.add("regex", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.SingleQuotedStyle, Value: `(_` + label + `=\.=(.*?);\.;)`})
	}
}

// metricLabels returns the labels of all metrics, each once, in order.
func metricLabels() []string {
	var labels []string
	for _, m := range metric.Table {
		switch {
		case m.Kind == metric.Buckets:
			labels = append(labels, "le")
		case m.Label != "":
			labels = append(labels, m.Label)
		}
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}
