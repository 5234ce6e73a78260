package main

import (
	"os"
	"testing"
)

func TestFiles(t *testing.T) {
	// The working directory is the package's.
	if _, err := os.ReadFile("main_test.go"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(t.TempDir()+"/file", []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestGiven(t *testing.T) {
	if given := os.Getenv("GIVEN"); given != "this" {
		t.Fatalf("given %q", given)
	}
}

func BenchmarkNothing(b *testing.B) {
	for i := 0; i < b.N; i++ {
	}
}
