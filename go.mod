module github.com/sparkward/sparkward

go 1.26.0

require golang.org/x/text v0.42.0

require (
	github.com/proxy-wasm/proxy-wasm-go-sdk v0.0.0-20260105142703-44c7d5847745
	github.com/tetratelabs/wazero v1.12.0
	go.yaml.in/yaml/v3 v3.0.6
	golang.org/x/net v0.59.0
)

require golang.org/x/sys v0.48.0 // indirect
