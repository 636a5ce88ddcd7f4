/* reflection.h - gRPC server reflection, v1 and v1alpha: tools such as grpcurl ask which services there are, and for
 * the descriptors of their messages.
 *
 * Answers come from src/ingest/descriptors.inc, which is derived from proto/.
 * Memory  no state; a call keeps what its client has not read yet, at most ACQ_REFLECTION_UNREAD.
 * Threads the connection's.
 * Errors  a request for what is not there is answered by an ErrorResponse (NOT_FOUND), and the stream goes on; one that
 *         is malformed ends it with INVALID_ARGUMENT, a client that does not read its answers with RESOURCE_EXHAUSTED.
 * Source  gRPC, "GRPC Server Reflection Protocol"; proto/grpc/reflection/v1/reflection.proto. */
#ifndef ACQ_INGEST_REFLECTION_H
#define ACQ_INGEST_REFLECTION_H

#include "rpc/rpc.h"

#define ACQ_REFLECTION_V1 "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
#define ACQ_REFLECTION_V1ALPHA "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
#define ACQ_REFLECTION_UNREAD (128 * 1024) /* [byte] */

/* The events of both methods, whose messages are the same on the wire; no user is needed. */
extern const struct acq_rpc_events acq_reflection_events;

#endif
