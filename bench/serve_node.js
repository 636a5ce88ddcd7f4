// serve_node.js PORT TELEMETRY.proto - the ingest server as one writes it with Node's @grpc/grpc-js: every frame is
// parsed, each 32nd is acked. NODE_PATH says where the packages are.
"use strict";
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [port, proto] = process.argv.slice(2);
const options = { keepCase: true, longs: Number, enums: Number };
const { TelemetryIngest } = grpc.loadPackageDefinition(loader.loadSync(proto, options)).telemetry.v1;

function StreamFrames(call) {
    let n = 0;
    call.on("data", (frame) => {
        if (++n % 32 === 0) call.write({ last_monotonic_ns: frame.monotonic_ns, last_seq: n, status: 1 });
    });
    call.on("end", () => call.end());
}

const server = new grpc.Server();
server.addService(TelemetryIngest.service, { StreamFrames });
server.bindAsync("127.0.0.1:" + port, grpc.ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
});
