#include "plot/look.h"

#define RGB(hex)                                                                 \
    {                                                                            \
        (hex >> 16 & 255) / 255.0, (hex >> 8 & 255) / 255.0, (hex & 255) / 255.0 \
    }

#define TEXTS(strong, plain, faint)                                                                          \
    .title = {21, true, RGB(strong)}, .detail = {14.5, false, RGB(faint)}, .label = {15, true, RGB(strong)}, \
    .unit = {15, false, RGB(faint)}, .legend = {14.5, false, RGB(plain)}, .tick = {13.5, false, RGB(plain)}, \
    .extremes = {13.5, false, RGB(faint)}, .lap_text = {13.5, false, RGB(plain)},                            \
    .best_lap = {13.5, true, RGB(strong)}

static const struct acq_look light = {
    .ground = RGB(0xffffff),
    .grid = RGB(0xe6e9ec),
    .zero = RGB(0xb4bbc2),
    .axis = RGB(0x8c959e),
    .lap = RGB(0x8c959e),
    .band = RGB(0xf0f2f5),
    .curves = {RGB(0x0072b2), RGB(0xd55e00), RGB(0x009e73), RGB(0xcc79a7), RGB(0xe69f00), RGB(0x56b4e9), RGB(0xb8a800),
               RGB(0x5a6570)},
    TEXTS(0x15191d, 0x3f474f, 0x6a737c),
};

static const struct acq_look dark = {
    .ground = RGB(0x15191e),
    .grid = RGB(0x292f36),
    .zero = RGB(0x4d565f),
    .axis = RGB(0x6b7580),
    .lap = RGB(0x7c8691),
    .band = RGB(0x20262c),
    .curves = {RGB(0x56b4e9), RGB(0xe8701a), RGB(0x00b583), RGB(0xcc79a7), RGB(0xe69f00), RGB(0x2b8fd0), RGB(0xf0e442),
               RGB(0xb8c0c8)},
    TEXTS(0xf0f3f6, 0xc3cad1, 0x8f99a3),
};

const struct acq_look *acq_look_get(bool is_dark)
{
    return is_dark ? &dark : &light;
}
