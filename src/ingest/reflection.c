#include "ingest/reflection.h"

#include "ingest/proto.h"

#include <string.h>

/* One .proto file. */
struct descriptor {
    const char *name;
    const uint8_t *bytes; /* its FileDescriptorProto */
    size_t n;
    const char *const *names; /* all that it declares, with their package; first its messages */
    size_t name_count, message_count;
};

#include "ingest/descriptors.inc"

enum { DESCRIPTORS = sizeof descriptors / sizeof *descriptors, SERVICES = sizeof services / sizeof *services };
enum { REQUEST_MAX = 4096, ANSWER_MAX = 64 * 1024 }; /* [byte] */

/* tags of ServerReflectionRequest */
enum { HOST = 1, FILE_BY_NAME = 3, FILE_OF_SYMBOL = 4, FILE_OF_EXTENSION = 5, EXTENSIONS_OF_TYPE = 6, LIST = 7 };
/* tags of ServerReflectionResponse */
enum { VALID_HOST = 1, ORIGINAL_REQUEST = 2, FILES = 4, EXTENSIONS = 5, LISTED = 6, ERROR = 7 };
/* tags of the messages in it, and of ExtensionRequest */
enum { FILE_BYTES = 1, BASE_TYPE = 1, SERVICE = 1, SERVICE_NAME = 1, ERROR_CODE = 1, ERROR_TEXT = 2, TYPE = 1 };

struct request {
    struct acq_proto_field host, what; /* tag 0: not there */
};

static bool equals(const struct acq_proto_field *text, const char *name)
{
    return text->n == strlen(name) && !memcmp(text->bytes, name, text->n);
}

static bool is_one_of(const struct acq_proto_field *text, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (equals(text, names[i])) return true;
    return false;
}

static const struct descriptor *file_by_name(const struct acq_proto_field *text)
{
    for (size_t i = 0; i < DESCRIPTORS; i++)
        if (equals(text, descriptors[i].name)) return &descriptors[i];
    return NULL;
}

static const struct descriptor *file_of_symbol(const struct acq_proto_field *text)
{
    for (size_t i = 0; i < DESCRIPTORS; i++)
        if (is_one_of(text, descriptors[i].names, descriptors[i].name_count)) return &descriptors[i];
    return NULL;
}

static bool is_message(const struct acq_proto_field *text)
{
    for (size_t i = 0; i < DESCRIPTORS; i++)
        if (is_one_of(text, descriptors[i].names, descriptors[i].message_count)) return true;
    return false;
}

/* is_extension_request says whether a field holds a well-formed ExtensionRequest. */
static bool is_extension_request(const struct acq_proto_field *message)
{
    struct acq_proto reader = {message->bytes, message->bytes + message->n};
    struct acq_proto_field field;
    int r = ACQ_OK;
    if (!message->bytes) return false;
    while ((r = acq_proto_next(&reader, &field)) == ACQ_OK)
        if (field.tag == TYPE && !acq_proto_is_text(&field)) return false;
    return r == ACQ_END;
}

/* read_request returns 0 or ACQ_FORMAT; of several questions in one request the last counts, as in any oneof. */
static int read_request(struct request *request, const uint8_t *bytes, size_t n)
{
    struct acq_proto reader = {bytes, bytes + n};
    struct acq_proto_field field;
    int r;
    *request = (struct request){0};
    while ((r = acq_proto_next(&reader, &field)) == ACQ_OK) {
        bool is_text = field.tag == HOST || (field.tag >= FILE_BY_NAME && field.tag <= LIST);
        if (field.tag == FILE_OF_EXTENSION) {
            if (!is_extension_request(&field)) return ACQ_FORMAT;
        } else if (is_text && !acq_proto_is_text(&field)) {
            return ACQ_FORMAT;
        }
        if (field.tag == HOST)
            request->host = field;
        else if (is_text)
            request->what = field;
    }
    return r == ACQ_END ? ACQ_OK : r;
}

/* ---- answers: each function writes the content of one field of the response, and returns its tag or an error ---- */

static int say_error(struct acq_buf *b, enum acq_rpc_status status, const char *text)
{
    int r = acq_proto_put_number(b, ERROR_CODE, status);
    if (r == ACQ_OK) r = acq_proto_put_bytes(b, ERROR_TEXT, text, strlen(text));
    return r < 0 ? r : ERROR;
}

static int say_file(struct acq_buf *b, const struct descriptor *d)
{
    if (!d) return say_error(b, ACQ_RPC_NOT_FOUND, "this server has no such file or symbol");
    int r = acq_proto_put_bytes(b, FILE_BYTES, d->bytes, d->n);
    return r < 0 ? r : FILES;
}

static int say_extensions(struct acq_buf *b, const struct acq_proto_field *type)
{
    if (!is_message(type)) return say_error(b, ACQ_RPC_NOT_FOUND, "this server has no such message");
    int r = acq_proto_put_bytes(b, BASE_TYPE, type->bytes, type->n); /* proto3 has no extensions: no numbers follow */
    return r < 0 ? r : EXTENSIONS;
}

static int say_services(struct acq_buf *b)
{
    struct acq_buf entry;
    int r = ACQ_OK;
    acq_buf_init(&entry, ANSWER_MAX);
    for (size_t i = 0; i < SERVICES && r == ACQ_OK; i++) {
        entry.len = 0;
        r = acq_proto_put_bytes(&entry, SERVICE_NAME, services[i], strlen(services[i]));
        if (r == ACQ_OK) r = acq_proto_put_bytes(b, SERVICE, entry.bytes, entry.len);
    }
    acq_buf_fini(&entry);
    return r < 0 ? r : LISTED;
}

static int say(struct acq_buf *b, const struct acq_proto_field *what)
{
    switch (what->tag) {
    case FILE_BY_NAME: return say_file(b, file_by_name(what));
    case FILE_OF_SYMBOL: return say_file(b, file_of_symbol(what));
    case FILE_OF_EXTENSION: return say_error(b, ACQ_RPC_NOT_FOUND, "this server has no extensions");
    case EXTENSIONS_OF_TYPE: return say_extensions(b, what);
    case LIST: return say_services(b);
    default: return say_error(b, ACQ_RPC_INVALID_ARGUMENT, "the request asks for nothing that is known here");
    }
}

/* make_answer writes the ServerReflectionResponse for a request of n bytes. */
static int make_answer(struct acq_buf *answer, const struct request *request, const uint8_t *bytes, size_t n)
{
    struct acq_buf part;
    acq_buf_init(&part, ANSWER_MAX);
    int tag = say(&part, &request->what), r = tag < 0 ? tag : ACQ_OK;
    if (r == ACQ_OK && request->host.n)
        r = acq_proto_put_bytes(answer, VALID_HOST, request->host.bytes, request->host.n);
    if (r == ACQ_OK) r = acq_proto_put_bytes(answer, ORIGINAL_REQUEST, bytes, n);
    if (r == ACQ_OK) r = acq_proto_put_bytes(answer, (uint32_t)tag, part.bytes, part.len);
    acq_buf_fini(&part);
    return r;
}

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    (void)user, (void)path, (void)headers, (void)n;
    acq_rpc_respond(call, NULL, 0);
}

static void on_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct request request;
    struct acq_buf answer;
    (void)user;
    if (n > REQUEST_MAX || read_request(&request, bytes, n) < 0) {
        acq_rpc_finish(call, ACQ_RPC_INVALID_ARGUMENT, "the message is no ServerReflectionRequest");
        return;
    }
    acq_buf_init(&answer, ANSWER_MAX);
    int r = make_answer(&answer, &request, bytes, n);
    if (r < 0)
        acq_rpc_finish(call, ACQ_RPC_RESOURCE_EXHAUSTED, "no memory");
    else if (acq_rpc_unsent(call) + answer.len > ACQ_REFLECTION_UNREAD ||
             acq_rpc_write(call, answer.bytes, answer.len) != ACQ_OK)
        acq_rpc_finish(call, ACQ_RPC_RESOURCE_EXHAUSTED, "read the answers before you ask more");
    acq_buf_fini(&answer);
}

static void on_half_close(void *user, struct acq_rpc_call *call)
{
    (void)user;
    acq_rpc_finish(call, ACQ_RPC_OK, "");
}

static void on_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    (void)user, (void)call, (void)status, (void)message;
}

const struct acq_rpc_events acq_reflection_events = {on_begin, on_message, on_half_close, on_end};
