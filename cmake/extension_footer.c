/* extension_footer.c - FILE VERSION PLATFORM: appends what DuckDB wants to find at the end of a loadable extension.
 *
 * 534 bytes: the head of a WebAssembly custom section named duckdb_signature; eight fields of 32 bytes, the last one
 * first: three not used, the kind of ABI, the extension's version, the version of the C API that it needs, the
 * platform, "4"; 256 bytes for a signature, which we do not have. Source: DuckDB, scripts/append_metadata.cmake. */
#include <stdio.h>
#include <string.h>

enum { HEAD = 22, FIELD = 32, FIELDS = 8, SIGNATURE = 256, FOOTER = HEAD + FIELDS * FIELD + SIGNATURE };

int main(int argc, char **argv)
{
    static const unsigned char head[HEAD] = {0,   0x93, 0x04, 16,  'd', 'u', 'c', 'k', 'd', 'b',  '_',
                                             's', 'i',  'g',  'n', 'a', 't', 'u', 'r', 'e', 0x80, 0x04};
    unsigned char footer[FOOTER] = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: %s FILE VERSION PLATFORM\n", argv[0]);
        return 2;
    }
    const char *const fields[FIELDS] = {"", "", "", "C_STRUCT", argv[2], "v1.2.0", argv[3], "4"};
    memcpy(footer, head, HEAD);
    for (size_t i = 0; i < FIELDS; i++) {
        size_t n = strlen(fields[i]);
        memcpy(footer + HEAD + i * FIELD, fields[i], n < FIELD ? n : FIELD);
    }
    FILE *file = fopen(argv[1], "ab");
    int failed = !file || fwrite(footer, FOOTER, 1, file) != 1;
    if (file) failed |= fclose(file) != 0;
    if (failed) perror(argv[1]);
    return failed;
}
