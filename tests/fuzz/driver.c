/* driver.c - runs a fuzz target over its corpus, without libFuzzer: each file whole, and cut off in many places.
 *
 * Usage   fuzz_NAME FOLDER
 * Errors  exit code 1 when the folder cannot be read or has no file; what the target finds ends the program by itself.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_CUTS = 512, MOST_BYTES = 1 << 24 };

/* run gives the target a copy of just that size, so that a sanitizer sees a read behind its end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) {
        fprintf(stderr, "no memory for an input of %zu bytes\n", size);
        exit(1);
    }
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(MOST_BYTES);
    int ok = 0;
    if (file && data) {
        size_t size = fread(data, 1, MOST_BYTES, file);
        size_t step = size / MOST_CUTS + 1;
        for (size_t cut = 0; cut < size; cut += step) run(data, cut);
        run(data, size);
        ok = !ferror(file);
    }
    if (!ok) fprintf(stderr, "cannot read %s\n", path);
    if (file) fclose(file);
    free(data);
    return ok;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER, a folder of inputs that can be read\n", argv[0]);
        return 1;
    }
    int files = 0, failed = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        files++;
        if (!run_file(path)) failed++;
    }
    closedir(folder);
    printf("%d inputs\n", files);
    if (!files) fprintf(stderr, "%s has no input\n", argv[1]);
    return !files || failed;
}
