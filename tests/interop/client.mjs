// client.mjs - streams frames to an ingest server with Node's gRPC and prints what came back, as one line of JSON.
//
// Usage: node client.mjs ADDRESS PROTO FRAMES SESSION CUT gzip|identity
//
// It goes on behind the server's acq-last-seq; with CUT > 0 it is gone after that many frames, as if its machine were
// off. Frames are bytes already; StreamAck is decoded by protobuf.js, by the schema in the folder PROTO.
// ACQ_NODE_MODULES names the folder of @grpc/grpc-js and @grpc/proto-loader. With ACQ_CA, a file of certificates that it
// trusts, it speaks TLS.
import { readFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(process.env.ACQ_NODE_MODULES + '/')
const grpc = require('@grpc/grpc-js')
const loader = require('@grpc/proto-loader')

const [address, proto, file, session, cut, encoding] = process.argv.slice(2)

function readFrames(data) {
  const frames = []
  for (let at = 0; at < data.length;) {
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = data[at++]
      size += (byte & 127) * 2 ** shift
      if (byte < 128) break
    }
    if (at + size > data.length) throw new Error('the file of frames ends inside one')
    frames.push(data.subarray(at, at + size))
    at += size
  }
  return frames
}

const frames = readFrames(readFileSync(file))
const service = loader.loadSync('telemetry/v1/telemetry.proto', { includeDirs: [proto], longs: Number, keepCase: true })
const method = service['telemetry.v1.TelemetryIngest'].StreamFrames
const credentials = process.env.ACQ_CA ? grpc.credentials.createSsl(readFileSync(process.env.ACQ_CA))
  : grpc.credentials.createInsecure()
const client = new grpc.Client(address, credentials, {
  'grpc.default_compression_algorithm': grpc.compressionAlgorithms[encoding],
})
const metadata = new grpc.Metadata()
metadata.set('acq-session', session)
const result = { hello: 0, sent: 0, acks: 0, last_seq: 0, last_monotonic_ns: 0, rising: true, code: -1, message: '' }
const begin = process.hrtime.bigint()
const call = client.makeBidiStreamRequest(method.path, (bytes) => bytes, method.responseDeserialize, metadata)

function print() {
  result.seconds = Number(process.hrtime.bigint() - begin) / 1e9
  writeSync(1, JSON.stringify(result) + '\n')
}

function send() {
  while (result.hello + result.sent < frames.length) {
    const more = call.write(frames[result.hello + result.sent])
    result.sent++
    if (result.sent === Number(cut)) {
      setImmediate(() => { // what was written is on its way, or not
        print()
        process.exit(0)
      })
      return
    }
    if (!more) return call.once('drain', send)
  }
  call.end()
}

call.on('metadata', (hello) => {
  result.hello = Number(hello.get('acq-last-seq')[0])
  send()
})
call.on('data', (ack) => {
  result.rising &&= ack.last_seq >= result.last_seq
  result.acks++
  result.last_seq = ack.last_seq
  result.last_monotonic_ns = ack.last_monotonic_ns
})
call.on('error', () => {}) // its status says the same
call.on('status', (status) => {
  result.code = status.code
  result.message = status.details
  print()
  client.close()
})
