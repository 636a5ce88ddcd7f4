#include "bridge/older.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int acq_older_new(struct acq_older **older, uv_loop_t *loop, const char *dir, void (*ready)(void *user), void *user,
                  struct acq_err *err)
{
    struct acq_older *o = calloc(1, sizeof *o);
    if (!o) return acq_fail(err, ACQ_MEMORY, "no memory to look for older recordings");
    acq_backlog_init(&o->backlog, loop, dir, ready, user);
    *older = o;
    return ACQ_OK;
}

void acq_older_free(struct acq_older *o)
{
    if (!o) return;
    if (o->upload) acq_upload_free(o->upload);
    acq_backlog_fini(&o->backlog);
    free(o);
}

static bool is_in(const struct acq_upload *list, const char *id)
{
    while (list && strcmp(list->out.id, id)) list = list->next;
    return list;
}

struct acq_upload *acq_older_take(struct acq_older *o, const struct acq_upload *running)
{
    const char *id;
    if (o->upload) return o->upload;
    while ((id = acq_backlog_session(&o->backlog)) && is_in(running, id)) acq_backlog_next(&o->backlog);
    if (!id || !(o->upload = acq_upload_new(id, ""))) return NULL;
    o->upload->older = o->upload->out.ended = true;
    o->frames = 0;
    return o->upload;
}

void acq_older_acked(struct acq_older *o, uint64_t frames)
{
    o->frames += frames;
    o->backlog.frames += frames;
}

/* leave: the server has what it can have of the session at hand, or does not want it. */
static void leave(struct acq_older *o)
{
    struct acq_backlog *b = &o->backlog;
    struct acq_upload *u = o->upload;
    b->sent += o->frames > 0;
    if (u->state == ACQ_UPLOAD_REFUSED) {
        b->failed++;
        acq_log(ACQ_LOG_WARN, "older session %s is not sent: the server refuses it again and again (%s)%s%s", u->out.id,
                u->why, *u->out.path ? "; all of it is in " : "", u->out.path);
    } else if (o->damaged || u->lacking) {
        b->damaged++;
        acq_log(o->frames || b->thorough ? ACQ_LOG_WARN : ACQ_LOG_DEBUG,
                "%s is damaged behind frame %" PRIu64 ", and is sent up to there; `acq recover` may help", u->out.path,
                u->out.last_seq);
    } else if (o->has) {
        o->has(o->user, u->out.id, u->out.acked_seq);
    }
    acq_upload_free(u);
    o->upload = NULL;
    acq_backlog_next(b);
}

/* begin: the server's hello and what the recordings have are known. Returns false if there is nothing to send. */
static bool begin(struct acq_older *o, const struct acq_backlog_find *found)
{
    struct acq_outgoing *out = &o->upload->out;
    o->damaged = found->damaged;
    snprintf(out->path, sizeof out->path, "%s", found->path);
    out->acked_seq = o->upload->server_seq;
    out->last_seq = out->safe_seq = found->last_seq ? found->last_seq : out->acked_seq;
    if (found->last_seq) acq_upload_from(o->upload, out->acked_seq + 1);
    return found->last_seq;
}

/* look looks for what the server lacks, when it has said hello. Returns false if that is nothing. */
static bool look(struct acq_older *o)
{
    struct acq_upload *u = o->upload;
    if (u->goes || !u->call || !u->heard) return true;
    const struct acq_backlog_find *found = o->looking ? acq_backlog_found(&o->backlog) : NULL;
    if (o->looking && !found) return true;
    if (found && o->backlog.server_seq == u->server_seq) {
        o->looking = false;
        return begin(o, found);
    }
    o->looking = true; /* not looked yet; or for another answer, before the connection was lost */
    acq_backlog_look(&o->backlog, u->server_seq);
    return true;
}

bool acq_older_pump(struct acq_older *o, struct acq_buf *scratch, uint64_t ahead, int64_t until_ns)
{
    if (!o->upload) return false;
    bool more = look(o);
    if (more) acq_upload_pump(o->upload, scratch, ahead, until_ns);
    if (more && o->upload->state == ACQ_UPLOAD_GOING) return false;
    leave(o);
    return true;
}
