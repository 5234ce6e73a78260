package main

import "strings"

// Looks several names up at the same time.
func lookAllUp(names []string) (string, error) {
	results, errors := make([]string, len(names)), make([]error, len(names))
	done := make(chan bool)
	for index, name := range names {
		go func() {
			results[index], errors[index] = lookUp(name)
			done <- true
		}()
	}
	for range names {
		<-done
	}
	for _, err := range errors {
		if err != nil {
			return "", err
		}
	}
	return strings.Join(results, ","), nil
}
