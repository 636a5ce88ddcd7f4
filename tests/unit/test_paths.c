/* The files that a word means: patterns, folders, names that look like patterns; and SQL texts taken apart. */
#include "help.h"

#include "base/file.h"
#include "base/paths.h"
#include "table/script.h"

static struct acq_err err;

static void matches(const char *pattern, const char *name, bool yes)
{
    if (acq_glob_match(pattern, strlen(pattern), name) == yes) return;
    fail_msg("%s %s %s", pattern, yes ? "should match" : "should not match", name);
}

static void globs(void **state)
{
    (void)state;
    matches("*", "", true);
    matches("*", "a.pb.gz", true);
    matches("*.pb.gz", "a.pb.gz", true);
    matches("*.pb.gz", "a.pb.gz.part", false);
    matches("a*b*c", "aXbYbZc", true);
    matches("a*b*c", "aXcYb", false);
    matches("?", "a", true);
    matches("?", "", false);
    matches("?", "ab", false);
    matches("a?c", "aéc", true); /* one character, two bytes */
    matches("a?c", "a語c", true);
    matches("*語", "日本語", true);
    matches("[a-c]x", "bx", true);
    matches("[a-c]x", "dx", false);
    matches("[!a-c]x", "dx", true);
    matches("[!a-c]x", "ax", false);
    matches("[]]", "]", true);
    matches("[a", "[a", true); /* no set: itself */
    matches("[*]", "*", true);
    matches("[*]", "a", false);
    matches("*", ".hidden", false);
    matches(".*", ".hidden", true);
    matches("a**b", "aXb", true);
    matches("abc", "abc", true);
    matches("abc", "abd", false);
    /* no pattern takes for ever */
    matches("*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false);
}

static char folder[] = "/tmp/acq-paths-XXXXXX";

static void make(const char *name)
{
    char path[ACQ_PATH_MAX];
    assert_int_equal(acq_path_join(path, sizeof path, folder, name), ACQ_OK);
    int fd = acq_file_open(path, ACQ_FILE_CREATE, &err);
    assert_true(fd >= 0);
    acq_file_close(fd);
}

static void make_dir(const char *name)
{
    char path[ACQ_PATH_MAX];
    assert_int_equal(acq_path_join(path, sizeof path, folder, name), ACQ_OK);
    assert_int_equal(acq_path_mkdirs(path, &err), ACQ_OK);
}

static int make_files(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    make("b.pb.gz");
    make("a.pb.gz");
    make("c.txt");
    make(".d.pb.gz");
    make("odd[1]*.pb.gz");
    make_dir("deep/deeper");
    make_dir("empty");
    make("deep/e.pb.gz");
    make("deep/deeper/f.pb.gz");
    return 0;
}

static int remove_files(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* means: what a word below the folder means, as the list of names below the folder, each ended by a space */
static void means(const char *word, const char *names)
{
    static const char *const suffixes[] = {".pb.gz", NULL};
    char path[ACQ_PATH_MAX], found[1000] = "";
    struct acq_paths paths = ACQ_PATHS_NONE;
    assert_int_equal(acq_path_join(path, sizeof path, folder, word), ACQ_OK);
    err.text[0] = 0;
    int r = acq_paths_add(&paths, path, suffixes, &err);
    if (r < 0) {
        assert_int_equal(r, ACQ_MISSING);
        assert_true(*err.text != 0);
        assert_int_equal(paths.n, 0);
    }
    for (size_t i = 0; i < paths.n; i++) {
        assert_int_equal(strncmp(paths.path[i], folder, strlen(folder)), 0);
        strcat(strcat(found, paths.path[i] + strlen(folder) + 1), " ");
    }
    assert_string_equal(found, names);
    acq_paths_fini(&paths);
}

static void words(void **state)
{
    (void)state;
    means("a.pb.gz", "a.pb.gz ");
    means("c.txt", "c.txt "); /* named by its name: what it is, others say */
    means("*.pb.gz", "a.pb.gz b.pb.gz odd[1]*.pb.gz ");
    means("odd[1]*.pb.gz", "odd[1]*.pb.gz "); /* a name that is there is no pattern */
    means("[ab].pb.gz", "a.pb.gz b.pb.gz ");
    means("", "a.pb.gz b.pb.gz odd[1]*.pb.gz "); /* the folder, and not what is below */
    means("deep", "deep/e.pb.gz ");
    means("*/*.pb.gz", "deep/e.pb.gz ");
    means("d??p/*", "deep/e.pb.gz ");
    means("**/*.pb.gz", "a.pb.gz b.pb.gz deep/deeper/f.pb.gz deep/e.pb.gz odd[1]*.pb.gz ");
    means("**/f.pb.gz", "deep/deeper/f.pb.gz ");
    means("deep/**", "deep/deeper/f.pb.gz deep/e.pb.gz ");
    means("deep/**/deeper/*", "deep/deeper/f.pb.gz ");
    means("none.pb.gz", "");
    means("*.none", "");
    means("none/*.pb.gz", "");
    means("empty", "");
}

static void list_stays(void **state)
{
    static const char *const suffixes[] = {".pb.gz", NULL};
    struct acq_paths paths = ACQ_PATHS_NONE;
    (void)state;
    assert_int_equal(acq_paths_add(&paths, folder, suffixes, &err), ACQ_OK);
    assert_int_equal(acq_paths_add(&paths, "/none", suffixes, &err), ACQ_MISSING);
    assert_int_equal(paths.n, 3);
    assert_int_equal(acq_paths_add(&paths, "-", suffixes, &err), ACQ_OK);
    assert_string_equal(paths.path[3], "-");
    acq_paths_fini(&paths);
    assert_int_equal(paths.n, 0);
}

/* takes: a text is taken apart into these statements, each ended by | */
static void takes(const char *text, const char *statements)
{
    char found[1000] = "";
    const char *begin;
    size_t n;
    while (acq_script_next(&text, &begin, &n)) strcat(strncat(found, begin, n), "|");
    assert_string_equal(found, statements);
    assert_int_equal(*text, 0);
}

static void scripts(void **state)
{
    (void)state;
    takes("", "");
    takes(" ;; \n; -- a comment; no more", "");
    takes("SELECT 1", "SELECT 1|");
    takes(" SELECT 1 ;\n SELECT 2\n;\n", "SELECT 1|SELECT 2|");
    takes("SELECT ';'; SELECT 'it''s; ok'", "SELECT ';'|SELECT 'it''s; ok'|");
    takes("SELECT \"a;\"\"b\"; x", "SELECT \"a;\"\"b\"|x|");
    takes("SELECT E'\\';'; x", "SELECT E'\\';'|x|");
    takes("SELECT '\\'; x", "SELECT '\\'|x|"); /* a backslash means nothing elsewhere */
    takes("SELECT table_e'x;'", "SELECT table_e'x;'|");
    takes("SELECT $$a;b$$; SELECT $t$;$$;$t$; x", "SELECT $$a;b$$|SELECT $t$;$$;$t$|x|");
    takes("SELECT $1; x", "SELECT $1|x|");
    takes("SELECT 1 -- one; two\n; x", "SELECT 1 -- one; two|x|");
    takes("/* a; /* b; */ c; */ SELECT 1; x", "SELECT 1|x|");
    takes("SELECT 1 - - 1; SELECT 4 / 2", "SELECT 1 - - 1|SELECT 4 / 2|");
    takes("SELECT 'never ended; x", "SELECT 'never ended; x|"); /* DuckDB says what is wrong with it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(globs), cmocka_unit_test(words), cmocka_unit_test(list_stays),
                                       cmocka_unit_test(scripts)};
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
