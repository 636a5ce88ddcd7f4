/* A file of settings: what is read, what is refused and how that is said, and the file to begin with. */
#include "help.h"

#include "base/config.h"

#include <stdlib.h>

struct values {
    bool flag, other;
    const char *text, *path, *config;
    int64_t number;
    double share;
    struct acq_texts list;
};

static const struct acq_option table[] = {
    {'f', "flag", NULL, ACQ_OPT_FLAG, offsetof(struct values, flag), 0, 0, "a flag"},
    {0, "other-flag", NULL, ACQ_OPT_FLAG, offsetof(struct values, other), 0, 0, "another flag"},
    {'t', "text", "TEXT", ACQ_OPT_TEXT, offsetof(struct values, text), 0, 0, "a text"},
    {0, "path", "DIR", ACQ_OPT_TEXT, offsetof(struct values, path), 0, 0, "a path"},
    {'n', "number", "N", ACQ_OPT_INT, offsetof(struct values, number), -5, 1e6, "a number"},
    {0, "share", "X", ACQ_OPT_NUMBER, offsetof(struct values, share), 0, 1, "a share"},
    {'c', "columns", "LIST", ACQ_OPT_LIST, offsetof(struct values, list), 0, 0, "a list"},
    {0, "config", "FILE", ACQ_OPT_TEXT, offsetof(struct values, config), 0, 0, "this file"},
};
enum { OPTIONS = sizeof table / sizeof *table };
static const struct acq_command command = {.name = "test", .options = table, .option_count = OPTIONS};
static const struct values defaults = {.number = 7, .share = 0.5, .path = "folder"};

static struct values v;
static struct acq_config config;
static struct acq_err err;
static char path[64];

static void write_file(const void *bytes, size_t n)
{
    snprintf(path, sizeof path, "/tmp/acq-config-%ld.conf", (long)getpid());
    unlink(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static int read_bytes(const void *bytes, size_t n, uint64_t given)
{
    acq_config_fini(&config);
    v = defaults;
    err = (struct acq_err){0};
    write_file(bytes, n);
    return acq_config_read(&config, path, &command, given, &v, &err);
}

static int read_text(const char *text)
{
    return read_bytes(text, strlen(text), 0);
}

static void forms(void **state)
{
    (void)state;
    assert_int_equal(read_text(""), ACQ_OK);
    assert_int_equal(v.number, 7);
    assert_int_equal(read_text("# flag = yes\n\n  \t\n#\n"), ACQ_OK);
    assert_false(v.flag);
    assert_int_equal(read_text("flag = yes\n  text=a = b\t\nnumber = 12\nshare=0.25\ncolumns = a, b c"), ACQ_OK);
    assert_true(v.flag && v.number == 12 && v.share == 0.25 && v.list.n == 3);
    assert_string_equal(v.text, "a = b");
    assert_string_equal(v.list.text[2], "c");
    assert_int_equal(read_text("text = \"  # \\ kept  \"\npath = D:\\my#laps\n"), ACQ_OK);
    assert_string_equal(v.text, "  # \\ kept  ");
    assert_string_equal(v.path, "D:\\my#laps");
}

static void as_notepad_writes(void **state)
{
    (void)state;
    assert_int_equal(read_text("\xef\xbb\xbf"
                               "flag = yes\r\n\r\n# Kommentar\r\ntext = D:\\Stra\xc3\x9f"
                               "e\r\n"),
                     ACQ_OK);
    assert_true(v.flag);
    assert_string_equal(v.text, "D:\\Stra\xc3\x9f"
                                "e");
    assert_int_equal(read_text("\xef\xbb\xbf"), ACQ_OK);
}

static void flags(void **state)
{
    static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false", "off", "0"};
    char text[64];
    (void)state;
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "flag = %s\nother-flag = %s\n", yes[i], no[i]);
        assert_int_equal(read_text(text), ACQ_OK);
        assert_true(v.flag && !v.other);
    }
}

static void command_line_wins(void **state)
{
    const char *text = "number = 12\ntext = file\nflag = yes\n";
    (void)state;
    assert_int_equal(read_bytes(text, strlen(text), 1 << 4 | 1), ACQ_OK);
    assert_true(!v.flag && v.number == 7);
    assert_string_equal(v.text, "file");
}

static void refuse(const char *text, const char *says)
{
    if (read_text(text) != ACQ_USAGE) fail_msg("'%s' was taken", text);
    if (!strstr(err.text, says)) fail_msg("'%s': %s", text, err.text);
    if (!strstr(err.text, acq_path_base(path))) fail_msg("the file is not named: %s", err.text);
}

static void refused(void **state)
{
    (void)state;
    refuse("\n# x\nflga = yes\n", "line 3: there is no option 'flga'; did you mean 'flag'?");
    refuse("zzzzzzzzz = yes", "line 1: there is no option 'zzzzzzzzz'");
    refuse("--text = x", "did you mean 'text'?");
    refuse("other_flag = yes", "did you mean 'other-flag'?");
    refuse("flag", "write name = value");
    refuse("flag = maybe", "takes yes or no");
    refuse("flag =", "'flag' needs a value: yes or no");
    refuse("text = \"\"", "'text' needs a value: TEXT");
    refuse("number = ten", "line 1: --number takes a whole number from -5 to 1000000, not 'ten'");
    refuse("number = 1000001", "to 1000000");
    refuse("share = 2", "from 0 to 1");
    refuse("text = a\ntext = b", "line 2: 'text' stands in line 1 already");
    refuse("text = a # b", "double quotes");
    refuse("text = \"a", "double quotes");
    refuse("text = \"", "double quotes");
    refuse("text = \"a\" b\"", "double quotes");
    refuse("config = x", "cannot name another");
    refuse("number = 1\ntext = L\xe4nder", "line 2: this is not UTF-8");
    refuse("= x", "there is no option ''");
}

static void no_text(void **state)
{
    static char large[ACQ_CONFIG_MAX + 1];
    (void)state;
    assert_int_equal(read_bytes("\xff\xfe"
                                "f\0l\0",
                                6, 0),
                     ACQ_USAGE);
    assert_non_null(strstr(err.text, "UTF-16"));
    assert_int_equal(read_bytes("text = a\0b\n", 11, 0), ACQ_USAGE);
    assert_non_null(strstr(err.text, "not UTF-8"));
    memset(large, '#', sizeof large);
    assert_int_equal(read_bytes(large, sizeof large, 0), ACQ_USAGE);
    assert_int_equal(read_bytes(large, sizeof large - 2, 0), ACQ_OK);
    acq_config_fini(&config);
    assert_int_equal(acq_config_read(&config, "/tmp", &command, 0, &v, &err), ACQ_IO);
    acq_config_fini(&config);
    assert_int_equal(acq_config_read(&config, "/nowhere/x.conf", &command, 0, &v, &err), ACQ_MISSING);
}

static void blame(void **state)
{
    (void)state;
    assert_int_equal(read_text("\ntext = bad"), ACQ_OK);
    acq_fail(&err, ACQ_USAGE, "that is bad");
    acq_config_blame(&config, &command, 0, "path", &err);      /* it is not in the file */
    acq_config_blame(&config, &command, 1 << 2, "text", &err); /* the command line has said it */
    assert_string_equal(err.text, "that is bad");
    acq_config_blame(&config, &command, 0, "text", &err);
    assert_non_null(strstr(err.text, ".conf, line 2: that is bad"));
}

/* The file to begin with changes nothing, names every option, and does so when each comment is taken away. */
static void to_begin_with(void **state)
{
    struct acq_buf text;
    char bare[8192];
    size_t n = 0;
    (void)state;
    acq_buf_init(&text, ACQ_CONFIG_MAX);
    assert_int_equal(acq_config_text(&command, &defaults, &text), ACQ_OK);
    assert_int_equal(read_bytes(text.bytes, text.len, 0), ACQ_OK);
    for (int i = 0; i < OPTIONS; i++) assert_int_equal(config.line[i], 0);
    for (size_t i = 0; i < text.len; i++) {
        bool begin = !i || text.bytes[i - 1] == '\n', comment = text.bytes[i] == '#' && text.bytes[i + 1] != ' ';
        if (!begin || !comment) bare[n++] = (char)text.bytes[i];
    }
    acq_buf_fini(&text);
    assert_int_equal(read_bytes(bare, n, 0), ACQ_OK);
    for (int i = 0; i < OPTIONS - 1; i++) assert_true(config.line[i] > 0);
    assert_true(v.flag && v.number == 7 && v.share == 0.5);
    assert_string_equal(v.path, "folder");
}

static void never_overwritten(void **state)
{
    char byte;
    (void)state;
    write_file("x", 1);
    assert_int_equal(acq_config_write(path, &command, &defaults, &err), ACQ_EXISTS);
    FILE *file = fopen(path, "rb");
    assert_int_equal(fread(&byte, 1, 1, file), 1);
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    unlink(path);
    assert_int_equal(acq_config_write(path, &command, &defaults, &err), ACQ_OK);
    assert_int_equal(acq_config_write("/nowhere/x.conf", &command, &defaults, &err), ACQ_MISSING);
    acq_config_fini(&config);
    assert_int_equal(acq_config_read(&config, path, &command, 0, &v, &err), ACQ_OK);
    acq_config_fini(&config);
    unlink(path);
}

/* Files of random pieces: taken or refused in one sentence that names the file, whatever they are. */
static void random_files(void **state)
{
    static const char *const pieces[] = {"flag", "text", "number", "columns",      "share",    "=",    " ",
                                         "\"",   "#",    "\n",     "\r\n",         "yes",      "12",   "a,b",
                                         "\t",   "\\",   "-",      "\xef\xbb\xbf", "\xc3\xa4", "\xff", "config = x\n",
                                         "path", ".",    "x"};
    enum { FILES = 3000, PIECES = sizeof pieces / sizeof *pieces };
    uint64_t random = 7;
    int taken = 0;
    (void)state;
    for (int i = 0; i < FILES; i++) {
        char text[512];
        size_t n = 0;
        for (uint64_t k = random_below(&random, 40); k > 0; k--) {
            const char *piece = pieces[random_below(&random, PIECES)];
            memcpy(text + n, piece, strlen(piece));
            n += strlen(piece);
        }
        if (n && random_below(&random, 8) == 0) text[random_below(&random, n)] = (char)random_next(&random);
        int r = read_bytes(text, n, 0);
        taken += r == ACQ_OK;
        if (r == ACQ_OK) continue;
        assert_int_equal(r, ACQ_USAGE);
        assert_non_null(strstr(err.text, acq_path_base(path)));
        assert_null(strchr(err.text, '\n'));
    }
    assert_true(taken > FILES / 100 && taken < FILES);
    acq_config_fini(&config);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forms),
                                       cmocka_unit_test(as_notepad_writes),
                                       cmocka_unit_test(flags),
                                       cmocka_unit_test(command_line_wins),
                                       cmocka_unit_test(refused),
                                       cmocka_unit_test(no_text),
                                       cmocka_unit_test(blame),
                                       cmocka_unit_test(to_begin_with),
                                       cmocka_unit_test(never_overwritten),
                                       cmocka_unit_test(random_files)};
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
