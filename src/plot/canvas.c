#include "plot/canvas.h"

#include "base/file.h"

#include <cairo-ft.h>
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 256

extern const uint8_t acq_font_regular[], acq_font_regular_end[], acq_font_bold[], acq_font_bold_end[];

/* Cairo keeps scaled fonts beyond the canvas that used them, so the faces below them have to stay as well. */
static cairo_font_face_t *faces[2];

static int load_face(FT_Library library, cairo_font_face_t **face, const uint8_t *bytes, const uint8_t *end)
{
    FT_Face ft;
    if (FT_New_Memory_Face(library, bytes, (FT_Long)(end - bytes), 0, &ft)) return ACQ_MEMORY;
    *face = cairo_ft_font_face_create_for_ft_face(ft, FT_LOAD_NO_HINTING);
    return cairo_font_face_status(*face) ? ACQ_MEMORY : ACQ_OK;
}

static int load_fonts(struct acq_err *err)
{
    static FT_Library library;
    if (faces[1]) return ACQ_OK;
    if ((!library && FT_Init_FreeType(&library)) ||
        load_face(library, &faces[0], acq_font_regular, acq_font_regular_end) ||
        load_face(library, &faces[1], acq_font_bold, acq_font_bold_end))
        return acq_fail(err, ACQ_MEMORY, "the font inside the program cannot be loaded: memory may be short");
    return ACQ_OK;
}

int acq_picture_of(const char *path, enum acq_picture *kind, struct acq_err *err)
{
    static const char *const suffixes[] = {".png", ".svg", ".pdf"};
    for (int i = 0; i < 3; i++) {
        if (acq_has_suffix(path, suffixes[i])) {
            *kind = (enum acq_picture)i;
            return ACQ_OK;
        }
    }
    return acq_fail(err, ACQ_USAGE, "the picture's name has to end in .png, .svg or .pdf, not as %s does", path);
}

/* put: Cairo writes in small pieces, SVG a few bytes at a time */
static cairo_status_t put(void *user, const unsigned char *bytes, unsigned n)
{
    struct acq_canvas *c = user;
    if (c->write_err.code) return CAIRO_STATUS_WRITE_ERROR;
    if (c->waiting + n > sizeof c->out) {
        acq_file_write(c->fd, c->out, c->waiting, &c->write_err);
        c->waiting = 0;
    }
    if (n > sizeof c->out) {
        acq_file_write(c->fd, bytes, n, &c->write_err);
    } else {
        memcpy(c->out + c->waiting, bytes, n);
        c->waiting += n;
    }
    return c->write_err.code ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

/* utf8_length: bytes of the character at s; 0 if it is none, or a control character. Source: RFC 3629, section 4. */
static size_t utf8_length(const uint8_t *s)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : 4;
    if (n == 1) return s[0] >= 0x20 && s[0] != 0x7f;
    if (s[0] < 0xc2 || s[0] > 0xf4) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    bool wrong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
                 (s[0] == 0xf4 && s[1] > 0x8f);
    return wrong ? 0 : n;
}

/* clean: Cairo refuses to draw anything more after one text that is not UTF-8, and a file's name may well be none */
static void clean(char dst[TEXT_MAX], const char *text)
{
    size_t used = 0;
    for (const uint8_t *s = (const uint8_t *)text; *s;) {
        size_t n = utf8_length(s);
        if (used + (n ? n : 1) >= TEXT_MAX) break;
        if (n)
            memcpy(dst + used, s, n);
        else
            dst[used] = '?';
        used += n ? n : 1;
        s += n ? n : 1;
    }
    dst[used] = 0;
}

static cairo_surface_t *new_surface(struct acq_canvas *c, const char *title)
{
    if (c->kind == ACQ_PICTURE_PNG)
        return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)c->width, (int)c->height);
    if (c->kind == ACQ_PICTURE_SVG) {
        cairo_surface_t *svg = cairo_svg_surface_create_for_stream(put, c, c->width, c->height);
        cairo_svg_surface_restrict_to_version(svg, CAIRO_SVG_VERSION_1_1);
        return svg;
    }
    cairo_surface_t *pdf = cairo_pdf_surface_create_for_stream(put, c, c->width, c->height);
    char cleaned[TEXT_MAX];
    clean(cleaned, title);
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_TITLE, cleaned);
    return pdf;
}

static void set_font_options(cairo_t *cr)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
}

int acq_canvas_new(struct acq_canvas **canvas, enum acq_picture kind, int fd, double width, double height,
                   const char *title, struct acq_err *err)
{
    if (!(width >= 1 && width <= ACQ_CANVAS_MAX && height >= 1 && height <= ACQ_CANVAS_MAX))
        return acq_fail(err, ACQ_RANGE, "a picture of %.0f x %.0f is not possible: at most %d either way", width,
                        height, ACQ_CANVAS_MAX);
    struct acq_canvas *c = calloc(1, sizeof *c);
    if (!c) return acq_fail(err, ACQ_MEMORY, "no memory for the picture");
    c->kind = kind;
    c->fd = fd;
    c->width = width;
    c->height = height;
    c->surface = new_surface(c, title);
    c->cr = cairo_create(c->surface);
    if (cairo_status(c->cr)) {
        acq_canvas_free(c);
        return acq_fail(err, ACQ_MEMORY, "no memory for a picture of %.0f x %.0f: choose a smaller one", width, height);
    }
    /* behind the surface, which sets up Cairo's locks: without them a font face waits for ever on Windows */
    int r = load_fonts(err);
    if (r) {
        acq_canvas_free(c);
        return r;
    }
    set_font_options(c->cr);
    *canvas = c;
    return ACQ_OK;
}

void acq_canvas_free(struct acq_canvas *c)
{
    if (!c) return;
    cairo_destroy(c->cr);
    cairo_surface_destroy(c->surface);
    free(c);
}

int acq_canvas_finish(struct acq_canvas *c, struct acq_err *err)
{
    cairo_status_t status = cairo_status(c->cr);
    if (!status && c->kind == ACQ_PICTURE_PNG) status = cairo_surface_write_to_png_stream(c->surface, put, c);
    cairo_surface_finish(c->surface);
    if (!status) status = cairo_surface_status(c->surface);
    if (!status && c->waiting) acq_file_write(c->fd, c->out, c->waiting, &c->write_err);
    if (c->write_err.code) return acq_fail(err, c->write_err.code, "%s", c->write_err.text);
    if (status) return acq_fail(err, ACQ_MEMORY, "the picture cannot be drawn: %s", cairo_status_to_string(status));
    return ACQ_OK;
}

void acq_canvas_colour(struct acq_canvas *c, struct acq_colour colour)
{
    cairo_set_source_rgb(c->cr, colour.r, colour.g, colour.b);
}

static double width_of(struct acq_canvas *c, const char *clean_text, const struct acq_letters *how)
{
    cairo_text_extents_t extents;
    cairo_set_font_face(c->cr, faces[how->bold]);
    cairo_set_font_size(c->cr, how->size);
    cairo_text_extents(c->cr, clean_text, &extents);
    return extents.x_advance;
}

double acq_canvas_width(struct acq_canvas *c, const char *text, const struct acq_letters *how)
{
    char cleaned[TEXT_MAX];
    clean(cleaned, text);
    return width_of(c, cleaned, how);
}

double acq_canvas_text(struct acq_canvas *c, double x, double y, enum acq_align align, const char *text,
                       const struct acq_letters *how)
{
    char cleaned[TEXT_MAX];
    clean(cleaned, text);
    double width = width_of(c, cleaned, how);
    if (align == ACQ_ALIGN_CENTRE) x -= width / 2;
    if (align == ACQ_ALIGN_RIGHT) x -= width;
    acq_canvas_colour(c, how->colour);
    cairo_move_to(c->cr, x, y);
    cairo_show_text(c->cr, cleaned);
    cairo_new_path(c->cr); /* the point behind the text is not the start of a line */
    return width;
}

double acq_canvas_text_fit(struct acq_canvas *c, double x, double y, double room, const char *text,
                           const struct acq_letters *how)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    char cut[TEXT_MAX];
    clean(cut, text);
    size_t n = strlen(cut);
    if (width_of(c, cut, how) <= room) return acq_canvas_text(c, x, y, ACQ_ALIGN_LEFT, cut, how);
    if (n > TEXT_MAX - sizeof ellipsis) n = TEXT_MAX - sizeof ellipsis;
    do {
        while (n && (cut[n] & 0xc0) == 0x80) n--; /* to the start of a character */
        memcpy(cut + n, ellipsis, sizeof ellipsis);
        if (width_of(c, cut, how) <= room) return acq_canvas_text(c, x, y, ACQ_ALIGN_LEFT, cut, how);
    } while (n--);
    return 0;
}
