// Package apicheck reads the shipped Istio and Envoy Gateway resources with the
// API types of those projects. It is a module of its own so that their
// dependencies stay out of sparkward's.
package apicheck
