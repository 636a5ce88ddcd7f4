// client streams frames to an ingest server with Go's gRPC and prints what came back, as one line of JSON.
//
// Usage: client -address HOST:PORT -descriptors FILE -frames FILE -session ID [-cut N] [-gzip]
//
// It goes on behind the server's acq-last-seq; with -cut it is gone after that many frames, as if its machine were off.
// Frames are bytes already; StreamAck is decoded by Go's protobuf, by the descriptors that protoc wrote.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// codec sends bytes as they are and decodes messages.
type codec struct{}

func (codec) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (codec) Unmarshal(data []byte, v any) error { return proto.Unmarshal(data, v.(proto.Message)) }
func (codec) Name() string                       { return "proto" }

type result struct {
	Hello    uint64  `json:"hello"`
	Sent     int     `json:"sent"`
	Acks     int     `json:"acks"`
	LastSeq  uint64  `json:"last_seq"`
	LastTime uint64  `json:"last_monotonic_ns"`
	Rising   bool    `json:"rising"` // last_seq never fell
	Code     int     `json:"code"`
	Message  string  `json:"message"`
	Seconds  float64 `json:"seconds"`
}

func (r *result) print() {
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

func readFrames(path string) [][]byte {
	data, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	var frames [][]byte
	for len(data) > 0 {
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			log.Fatal("the file of frames ends inside one")
		}
		frames = append(frames, data[n:n+int(size)])
		data = data[n+int(size):]
	}
	return frames
}

func ackType(path string) protoreflect.MessageDescriptor {
	data, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(data, set); err != nil {
		log.Fatal(err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		log.Fatal(err)
	}
	found, err := files.FindDescriptorByName("telemetry.v1.StreamAck")
	if err != nil {
		log.Fatal(err)
	}
	return found.(protoreflect.MessageDescriptor)
}

// send sends the frames behind the server's last; a stream that ended says why in its status.
func send(stream grpc.ClientStream, frames [][]byte, cut int, r *result, sent *atomic.Int64, cutNow func()) {
	for _, frame := range frames[r.Hello:] {
		if err := stream.SendMsg(frame); err != nil {
			return
		}
		if sent.Add(1) == int64(cut) {
			cutNow()
		}
	}
	if err := stream.CloseSend(); err != nil {
		log.Fatal(err)
	}
}

func main() {
	address := flag.String("address", "", "HOST:PORT")
	descriptors := flag.String("descriptors", "", "FileDescriptorSet of telemetry.proto")
	framesPath := flag.String("frames", "", "frames, each behind its length")
	session := flag.String("session", "", "metadata acq-session")
	cut := flag.Int("cut", 0, "be gone after so many frames")
	compress := flag.Bool("gzip", false, "compress messages")
	flag.Parse()
	frames, ack := readFrames(*framesPath), ackType(*descriptors)
	options := []grpc.CallOption{grpc.ForceCodec(codec{})}
	if *compress {
		options = append(options, grpc.UseCompressor(gzip.Name))
	}
	conn, err := grpc.NewClient("passthrough:///"+*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	begin := time.Now()
	ctx := metadata.AppendToOutgoingContext(context.Background(), "acq-session", *session)
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true},
		"/telemetry.v1.TelemetryIngest/StreamFrames", options...)
	if err != nil {
		log.Fatal(err)
	}
	hello, _ := stream.Header() // why there is none says RecvMsg
	r := &result{Rising: true}
	if len(hello["acq-last-seq"]) != 1 { // then the call is over, and nothing is sent
		err := stream.RecvMsg(dynamicpb.NewMessage(ack))
		r.Code, r.Message = int(status.Code(err)), err.Error()
		r.print()
		return
	}
	if r.Hello, err = strconv.ParseUint(hello["acq-last-seq"][0], 10, 64); err != nil {
		log.Fatal(err)
	}
	var sent atomic.Int64
	cutNow := make(chan bool)
	go send(stream, frames, *cut, r, &sent, func() { cutNow <- true; select {} })
	type answer struct {
		ack *dynamicpb.Message
		err error
	}
	answers := make(chan answer, 16)
	go func() {
		for {
			m := dynamicpb.NewMessage(ack)
			err := stream.RecvMsg(m)
			answers <- answer{m, err}
			if err != nil {
				return
			}
		}
	}()
	for {
		select {
		case <-cutNow:
			r.Sent = int(sent.Load())
			r.Code = -1
			r.print()
			os.Exit(0)
		case a := <-answers:
			if a.err != nil {
				r.Sent, r.Seconds = int(sent.Load()), time.Since(begin).Seconds()
				if a.err != io.EOF {
					r.Code, r.Message = int(status.Code(a.err)), a.err.Error()
				}
				r.print()
				return
			}
			last := a.ack.Get(ack.Fields().ByName("last_seq")).Uint()
			r.Rising = r.Rising && last >= r.LastSeq
			r.Acks++
			r.LastSeq = last
			r.LastTime = a.ack.Get(ack.Fields().ByName("last_monotonic_ns")).Uint()
		}
	}
}
