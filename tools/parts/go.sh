#!/usr/bin/env bash
# go.sh OUT SOURCE - what tests compare with in Go, as tests/interop/go/go.mod and go.sum pin it: our client of Go's
# gRPC, grpcurl, and h2spec, which tests HTTP/2. Go 1.19 or later builds them. Run by tools/setup.sh.
set -euo pipefail
out=$1 source=$2
h2spec=github.com/summerwind/h2spec
cp "$source"/tests/interop/go/{go.mod,go.sum,client.go,tools.go} .
export GOTOOLCHAIN=local GOPATH=$PWD/path GOCACHE=$PWD/cache CGO_ENABLED=0 GOWORK=off GOFLAGS=-modcacherw

build() { # OUT PACKAGE...
    go build -mod=vendor -p 2 -ldflags=-s -trimpath -o "$@"
}

go mod vendor
build "$out/" . github.com/fullstorydev/grpcurl/cmd/grpcurl $h2spec/cmd/h2spec
mv "$out/interop" "$out/client"

# h2spec asks with GET; h2spec-grpc is the same, but its requests are gRPC's.
grpc='HeaderField("content-type", "application/grpc"), HeaderField("te", "trailers"),'
sed -i "s|HeaderField(\":method\", \"GET\"),|HeaderField(\":method\", \"POST\"),|
    s|HeaderField(\":authority\", authority),|& $grpc|" vendor/$h2spec/spec/util.go
[ "$(grep -c '"POST"\|"application/grpc"' vendor/$h2spec/spec/util.go)" = 2 ]
build "$out/h2spec-grpc" $h2spec/cmd/h2spec
