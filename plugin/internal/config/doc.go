//go:build !wasip1

package config

// doc is the text that the reference and the schema have for a field.
func doc(s string) string { return s }
