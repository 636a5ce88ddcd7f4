//go:build tools

// Package main: the programs that are built beside our client, so that go.mod and go.sum pin them.
package main

import (
	_ "github.com/fullstorydev/grpcurl/cmd/grpcurl"
	_ "github.com/summerwind/h2spec/cmd/h2spec"
)
