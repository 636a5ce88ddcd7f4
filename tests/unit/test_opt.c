/* Options: what a table lets through, what it refuses and how it says so. */
#include "help.h"

#include "base/opt.h"

#include <math.h>

struct values {
    bool flag;
    const char *text;
    int64_t number;
    double share;
    struct acq_texts list;
};

static const struct acq_option table[] = {
    {'f', "flag", NULL, ACQ_OPT_FLAG, offsetof(struct values, flag), 0, 0, "a flag"},
    {'t', "text", "TEXT", ACQ_OPT_TEXT, offsetof(struct values, text), 0, 0, "a text"},
    {'n', "number", "N", ACQ_OPT_INT, offsetof(struct values, number), -5, 1e6, "a number"},
    {0, "share", "X", ACQ_OPT_NUMBER, offsetof(struct values, share), 0, 1, "a share"},
    {'c', "columns", "LIST", ACQ_OPT_LIST, offsetof(struct values, list), 0, 0, "a list"},
};
static const struct acq_command command = {.name = "acq test",
                                           .usage = "IN [OUT]",
                                           .summary = "Test.",
                                           .more = "Examples: none",
                                           .options = table,
                                           .option_count = 5,
                                           .arguments_min = 1,
                                           .arguments_max = 2};

static struct values v;
static struct acq_texts arguments;
static struct acq_err err;

/* parse takes the words of `line` */
static int parse(const char *line)
{
    static char text[8192];
    char *argv[512] = {text};
    int argc = 0;
    v = (struct values){.number = 7, .share = 0.5};
    err = (struct acq_err){0};
    snprintf(text, sizeof text, "test %s", line);
    for (char *p = text; p; argc++) {
        argv[argc] = p;
        p = strchr(p, ' ');
        if (p) *p++ = 0;
    }
    return acq_opt_parse(&command, argc, argv, &v, &arguments, &err);
}

static void forms(void **state)
{
    (void)state;
    assert_int_equal(parse("in"), ACQ_OK);
    assert_true(!v.flag && !v.text && v.number == 7 && v.share == 0.5 && !v.list.n);
    assert_int_equal(parse("-f in --text=a=b -n 12 --share 0.25 out"), ACQ_OK);
    assert_true(v.flag && v.number == 12 && v.share == 0.25 && arguments.n == 2);
    assert_string_equal(v.text, "a=b");
    assert_string_equal(arguments.text[0], "in");
    assert_string_equal(arguments.text[1], "out");
    assert_int_equal(parse("in --number=-5 -t -f"), ACQ_OK); /* what follows an option is its value */
    assert_true(v.number == -5 && !v.flag);
    assert_string_equal(v.text, "-f");
    assert_int_equal(parse("in --text= "), ACQ_OK);
    assert_string_equal(v.text, "");
    assert_int_equal(parse("-"), ACQ_OK); /* standard input */
    assert_string_equal(arguments.text[0], "-");
    assert_int_equal(parse("in -n 1e3"), ACQ_OK);
    assert_int_equal(v.number, 1000);
}

static void lists(void **state)
{
    (void)state;
    assert_int_equal(parse("in -c a,b c --flag"), ACQ_OK);
    assert_true(v.list.n == 3 && v.flag && arguments.n == 1);
    assert_string_equal(v.list.text[0], "a");
    assert_string_equal(v.list.text[2], "c");
    assert_int_equal(parse("--columns=a,,b in"), ACQ_OK);
    assert_true(v.list.n == 2 && arguments.n == 1);
    assert_int_equal(parse("in -c a -c b"), ACQ_OK);
    assert_int_equal(v.list.n, 2);
    char line[4096] = "in -c ";
    for (int i = 0; i < 300; i++) strcat(line, "a,");
    assert_int_equal(parse(line), ACQ_USAGE);
    line[0] = 0;
    for (int i = 0; i < 300; i++) strcat(line, "a ");
    strcat(line, "a");
    assert_int_equal(parse(line), ACQ_USAGE);
}

static void refuse(const char *line, const char *says)
{
    if (parse(line) != ACQ_USAGE) fail_msg("'%s' was taken", line);
    if (!strstr(err.text, says)) fail_msg("'%s': %s", line, err.text);
}

static void refused(void **state)
{
    (void)state;
    refuse("in --flga", "did you mean --flag");
    refuse("in --nubmer 3", "did you mean --number");
    refuse("in --col x", "did you mean --columns");
    refuse("in --zzzzzz", "acq test --help");
    refuse("in -z", "-z");
    refuse("in --", "--help");
    refuse("in --flag=maybe", "takes yes or no");
    refuse("in --flag=", "takes yes or no");
    refuse("in --number", "needs a value");
    refuse("in -n", "needs a value");
    refuse("in -n x", "'x'");
    refuse("in -n 1x", "'1x'");
    refuse("in -n 1.5", "whole");
    refuse("in -n -6", "from -5");
    refuse("in -n 1000001", "to 1000000");
    refuse("in -n nan", "'nan'");
    refuse("in --share inf", "'inf'");
    refuse("in --share nan", "'nan'");
    refuse("in --share=", "''");
    refuse("in --share 1e999", "1e999");
    refuse("in out more", "'more'");
    refuse("--flag", "missing");
    char line[300] = "in --";
    memset(line + 5, 'x', 200);
    refuse(line, "--help");
}

static void help(void **state)
{
    char output[4096] = "";
    FILE *file = tmpfile();
    int saved = dup(1);
    (void)state;
    assert_non_null(file);
    fflush(stdout);
    dup2(fileno(file), 1);
    int asked = parse("--help"), version = parse("in --version");
    fflush(stdout);
    dup2(saved, 1);
    close(saved);
    rewind(file);
    size_t n = fread(output, 1, sizeof output - 1, file);
    fclose(file);
    assert_true(asked == ACQ_END && version == ACQ_END && n > 100);
    for (size_t i = 0; i < 5; i++) {
        char option[32];
        snprintf(option, sizeof option, "--%s%s%s", table[i].name, table[i].value ? " " : "",
                 table[i].value ? table[i].value : "");
        assert_non_null(strstr(output, option));
        assert_non_null(strstr(output, table[i].help));
    }
    assert_non_null(strstr(output, "Usage: acq test IN [OUT]"));
    assert_non_null(strstr(output, "Examples: none"));
    assert_non_null(strstr(output, "acq test " ACQ_VERSION_TEXT));
}

static void nearest(void **state)
{
    static const char *const words[] = {"sim", "serve", "convert", "view", "plot", "channels"};
    (void)state;
    assert_int_equal(acq_nearest("serv", words, 6), 1);
    assert_int_equal(acq_nearest("sevre", words, 6), 1);
    assert_int_equal(acq_nearest("chan", words, 6), 5);
    assert_int_equal(acq_nearest("plto", words, 6), 4);
    assert_int_equal(acq_nearest("convrt", words, 6), 2);
    assert_int_equal(acq_nearest("xyzzy", words, 6), -1);
    assert_int_equal(acq_nearest("", words, 6), -1);
    assert_int_equal(acq_nearest("sim", words, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forms), cmocka_unit_test(lists), cmocka_unit_test(refused),
                                       cmocka_unit_test(nearest), cmocka_unit_test(help)};
    return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
