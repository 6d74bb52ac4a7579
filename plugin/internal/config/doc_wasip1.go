package config

// doc leaves the documentation out of the filter: it was 20 KB of the module.
func doc(string) string { return "" }
