#include "table/chunk.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16 * 1024 };

struct acq_text_block {
    struct acq_text_block *next;
    size_t used, room; /* [byte] */
    char bytes[];
};

size_t acq_cell_size(enum acq_cell_type type)
{
    static const size_t sizes[] = {
        [ACQ_CELL_F32] = sizeof(float),   [ACQ_CELL_F64] = sizeof(double),   [ACQ_CELL_I32] = sizeof(int32_t),
        [ACQ_CELL_I64] = sizeof(int64_t), [ACQ_CELL_TIME] = sizeof(int64_t), [ACQ_CELL_TEXT] = sizeof(struct acq_text)};
    return sizes[type];
}

int acq_chunk_init(struct acq_chunk *chunk, const enum acq_cell_type *types, size_t n)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++) size += ACQ_CHUNK_ROWS * acq_cell_size(types[i]);
    *chunk = (struct acq_chunk){
        .columns = n, .cells = calloc(n ? n : 1, sizeof *chunk->cells), .memory = calloc(size ? size : 1, 1)};
    if (!chunk->cells || !chunk->memory) {
        acq_chunk_fini(chunk);
        return ACQ_MEMORY;
    }
    char *next = chunk->memory;
    for (size_t i = 0; i < n; i++) {
        chunk->cells[i].type = types[i];
        chunk->cells[i].values = next;
        next += ACQ_CHUNK_ROWS * acq_cell_size(types[i]);
    }
    return ACQ_OK;
}

void acq_chunk_reset(struct acq_chunk *chunk)
{
    chunk->rows = 0;
    for (size_t i = 0; i < chunk->columns; i++) memset(chunk->cells[i].valid, 0, sizeof chunk->cells[i].valid);
    while (chunk->texts && chunk->texts->next) {
        struct acq_text_block *block = chunk->texts;
        chunk->texts = block->next;
        free(block);
    }
    if (chunk->texts) chunk->texts->used = 0;
}

void acq_chunk_fini(struct acq_chunk *chunk)
{
    free(chunk->memory);
    free(chunk->cells);
    free(chunk->stats);
    while (chunk->texts) {
        struct acq_text_block *block = chunk->texts;
        chunk->texts = block->next;
        free(block);
    }
    *chunk = (struct acq_chunk){0};
}

struct acq_text acq_chunk_text(struct acq_chunk *chunk, const char *bytes, size_t len)
{
    struct acq_text_block *block = chunk->texts;
    if (!block || block->room - block->used < len) {
        size_t room = len > BLOCK ? len : BLOCK;
        block = malloc(sizeof *block + room);
        if (!block) return (struct acq_text){"", 0};
        *block = (struct acq_text_block){.next = chunk->texts, .room = room};
        chunk->texts = block;
    }
    char *copy = block->bytes + block->used;
    memcpy(copy, bytes, len);
    block->used += len;
    return (struct acq_text){copy, len};
}

bool acq_cells_full(const struct acq_cells *cells, size_t rows)
{
    for (size_t i = 0; i < rows / 64; i++)
        if (cells->valid[i] != UINT64_MAX) return false;
    uint64_t rest = rows % 64 ? (UINT64_C(1) << rows % 64) - 1 : 0;
    return !rest || (cells->valid[rows / 64] & rest) == rest;
}
