package main

import (
	"encoding/json"
	"errors"
	"os"

	"go.yaml.in/yaml/v3"
)

// localReplies returns, as JSON, the local_reply_config of the first listener with
// an address in an Envoy configuration.
func localReplies(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var config struct {
		Static struct {
			Listeners []struct {
				Address map[string]any
				Chains  any `yaml:"filter_chains"`
			}
		} `yaml:"static_resources"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, err
	}
	for _, l := range config.Static.Listeners {
		if found := member(l.Chains, "local_reply_config"); l.Address != nil && found != nil {
			return json.Marshal(found)
		}
	}
	return nil, errors.New("no listener in it has a local_reply_config")
}

// member is the first value under a name, anywhere in v, or nil.
func member(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		if found := v[name]; found != nil {
			return found
		}
		for _, inside := range v {
			if found := member(inside, name); found != nil {
				return found
			}
		}
	case []any:
		for _, inside := range v {
			if found := member(inside, name); found != nil {
				return found
			}
		}
	}
	return nil
}
