// Package e2e plays scenario files on two hosts: hostsim, as a library in this
// process, and the real Envoy. A file holds a policy, steps and the transcript
// that must come out, to the letter, on both. README.md explains the files.
//
// What both hosts run is what users run: the configuration that
// `sparkctl render envoy` writes for the scenario's policy. Envoy gets its
// listener, the simulator reads the same values from it.
package e2e
