#include "record/recorder.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* control: is the character at s a control character of two bytes, U+0080 to U+009F? Some terminals obey those. */
static bool control(const char *s)
{
    return (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0;
}

/* put_part appends `before` and at most `most` bytes of text, whole characters; what may not stand in a file name on
 * Windows or Linux becomes '-'. dst has room. */
static size_t put_part(char *dst, size_t at, char before, const char *text, size_t most)
{
    size_t n = strlen(text);
    if (n > most) {
        n = most;
        while (n && ((unsigned char)text[n] & 0xc0) == 0x80) n--;
    }
    if (n && before) dst[at++] = before;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (control(text + i)) {
            c = ' ';
            i++;
        }
        dst[at++] = c <= ' ' || c == 0x7f || strchr("<>:\"/\\|?*.", c) ? '-' : (char)c;
    }
    dst[at] = 0;
    return at;
}

/* text_of: channel id of f, "" where it is not there */
static const char *text_of(const struct acq_frame *f, enum acq_id id)
{
    return f->has[id] ? (const char *)f + acq_channels[id].offset : "";
}

void acq_recording_name(char dst[ACQ_RECORDING_NAME_MAX], const struct acq_frame *f, int64_t utc_ns)
{
    const char *track = text_of(f, ACQ_stat_track), *car = text_of(f, ACQ_stat_car_model);
    const char *name = text_of(f, ACQ_stat_player_name), *surname = text_of(f, ACQ_stat_player_surname);
    time_t seconds = (time_t)(utc_ns / 1000000000);
    struct tm *utc = gmtime(&seconds);
    size_t at = utc ? strftime(dst, ACQ_RECORDING_NAME_MAX, "%Y%m%dT%H%M%SZ", utc) : 0;
    at = put_part(dst, at, '_', *track ? track : "unknown-track", 32);
    at = put_part(dst, at, '-', text_of(f, ACQ_stat_track_configuration), 32);
    at = put_part(dst, at, '_', *car ? car : "unknown-car", 40);
    at = put_part(dst, at, '_', *name || *surname ? name : "driver", 20);
    at = put_part(dst, at, '-', surname, 20);
    at = put_part(dst, at, '_', text_of(f, ACQ_head_session_id), 63);
    strcpy(dst + at, ".pb.gz");
}
