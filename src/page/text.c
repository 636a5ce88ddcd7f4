#include "page/text.h"

#include "frame/frame.h"

#include <stdio.h>

void acq_page_text(acq_char16 *dst, size_t units, const char *utf8)
{
    acq_text_to_utf16((uint8_t *)dst, units - 1, utf8);
    dst[units - 1] = 0;
}

void acq_page_time_text(acq_char16 dst[15], int32_t ms)
{
    char text[32] = "-:--:---";

    if (ms > 0) snprintf(text, sizeof text, "%d:%02d:%03d", (int)(ms / 60000), (int)(ms / 1000 % 60), (int)(ms % 1000));
    acq_page_text(dst, 15, text);
}
