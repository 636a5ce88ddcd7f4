/* canvas.h - a sheet to draw on with Cairo that becomes a PNG, SVG or PDF file; text in the font inside the program.
 *
 * Units   pixels of a PNG, points of SVG and PDF; x to the right, y down.
 * Memory  acq_canvas_new's canvas is the caller's until acq_canvas_free. The two fonts are loaded once and stay.
 * Threads one thread draws at a time.
 * Errors  Cairo keeps its first error until acq_canvas_finish, which says it; what is drawn after it has no effect. */
#ifndef ACQ_PLOT_CANVAS_H
#define ACQ_PLOT_CANVAS_H

#include "base/err.h"

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest side: what Cairo can hold in a picture. */
#define ACQ_CANVAS_MAX 32000

enum acq_picture { ACQ_PICTURE_PNG, ACQ_PICTURE_SVG, ACQ_PICTURE_PDF };

/* acq_picture_of says by its suffix which kind of picture `path` is to be. Returns 0, or ACQ_USAGE for any other. */
int acq_picture_of(const char *path, enum acq_picture *kind, struct acq_err *err);

struct acq_canvas {
    cairo_t *cr;
    cairo_surface_t *surface;
    enum acq_picture kind;
    double width, height;
    int fd;
    size_t waiting; /* [byte] in `out`, not yet written */
    uint8_t out[64 * 1024];
    struct acq_err write_err;
};

/* acq_canvas_new makes a sheet whose file goes to fd, which stays the caller's. Returns 0, ACQ_RANGE for a size that
 * does not fit, or ACQ_MEMORY. `title` is for the PDF's properties. */
int acq_canvas_new(struct acq_canvas **canvas, enum acq_picture kind, int fd, double width, double height,
                   const char *title, struct acq_err *err);
void acq_canvas_free(struct acq_canvas *canvas);

/* acq_canvas_finish writes what is left of the file. Returns 0, ACQ_IO, or ACQ_MEMORY if Cairo failed. */
int acq_canvas_finish(struct acq_canvas *canvas, struct acq_err *err);

struct acq_colour {
    double r, g, b; /* 0..1 */
};
void acq_canvas_colour(struct acq_canvas *canvas, struct acq_colour colour);

/* How a text is written. */
struct acq_letters {
    double size;
    bool bold;
    struct acq_colour colour;
};
enum acq_align { ACQ_ALIGN_LEFT, ACQ_ALIGN_CENTRE, ACQ_ALIGN_RIGHT };

/* acq_canvas_width is the width of a text. acq_canvas_text writes one at x, by `align`, on the base line y, and returns
 * its width. Bytes that are no UTF-8 and control characters become '?'. Text beyond 255 bytes is cut. */
double acq_canvas_width(struct acq_canvas *canvas, const char *text, const struct acq_letters *how);
double acq_canvas_text(struct acq_canvas *canvas, double x, double y, enum acq_align align, const char *text,
                       const struct acq_letters *how);

/* acq_canvas_text_fit is acq_canvas_text from the left within `room`; a longer text is cut and ends in an ellipsis. */
double acq_canvas_text_fit(struct acq_canvas *canvas, double x, double y, double room, const char *text,
                           const struct acq_letters *how);

#endif
