#include "base/paths.h"

#include "base/file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16 }; /* folders below each other that ** goes into: links may go round in circles */

/* next_char: where the UTF-8 character behind the one at p begins */
static const char *next_char(const char *p)
{
    for (p++; (*p & 0xc0) == 0x80; p++) {
    }
    return p;
}

/* in_set: is the character at `name` in the set at p, behind its [? Sets *end behind its ], or NULL where there is
 * none: then the [ stands for itself. Sets are of single bytes: what is not ASCII is in none of them. */
static bool in_set(const char *p, const char *stop, const char *name, const char **end)
{
    bool not = p < stop && (*p == '!' || *p == '^'), found = false;
    if (not ) p++;
    for (const char *first = p; p < stop && (*p != ']' || p == first); p++) {
        if (p + 2 < stop && p[1] == '-' && p[2] != ']') {
            found |= *p <= *name && *name <= p[2];
            p += 2;
        } else {
            found |= *p == *name;
        }
    }
    *end = p < stop ? p + 1 : NULL;
    return found != not ;
}

/* match_one: does the part of the pattern at *p, which is no *, match the character at `name`? Goes behind the part. */
static bool match_one(const char **p, const char *stop, const char *name)
{
    const char *part = (*p)++, *end;
    if (*part == '?') return true;
    if (*part != '[') return *part == *name;
    bool found = in_set(*p, stop, name, &end);
    if (!end) return *name == '[';
    *p = end;
    return found;
}

bool acq_glob_match(const char *pattern, size_t n, const char *name)
{
    const char *p = pattern, *stop = pattern + n, *star = NULL, *again = NULL;
    if (*name == '.' && (!n || *pattern != '.')) return false;
    while (*name) {
        if (p < stop && *p == '*') { /* at first it stands for nothing */
            star = ++p;
            again = name;
            continue;
        }
        bool wide = p < stop && (*p == '?' || *p == '[');
        if (p < stop && match_one(&p, stop, name)) {
            name = wide ? next_char(name) : name + 1;
        } else if (star) { /* then for one character more */
            p = star;
            name = again = next_char(again);
        } else {
            return false;
        }
    }
    while (p < stop && *p == '*') p++;
    return p == stop;
}

static bool is_separator(char c)
{
#ifdef _WIN32
    if (c == '\\') return true;
#endif
    return c == '/';
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int append(struct acq_paths *paths, const char *path)
{
    if (paths->n >= ACQ_PATHS_MAX) return ACQ_RANGE;
    if (!(paths->n & (paths->n - 1))) { /* a power of two: it is full */
        char **more = realloc(paths->path, (paths->n ? 2 * paths->n : 1) * sizeof *more);
        if (!more) return ACQ_MEMORY;
        paths->path = more;
    }
    char *copy = malloc(strlen(path) + 1);
    if (!copy) return ACQ_MEMORY;
    paths->path[paths->n++] = strcpy(copy, path);
    return ACQ_OK;
}

/* add_names: what acq_dir_each calls, to have a folder's names in order */
static int add_name(void *user, const char *name)
{
    return append(user, name);
}

static int read_folder(struct acq_paths *names, const char *folder, struct acq_err *err)
{
    int result = acq_dir_each(*folder ? folder : ".", add_name, names, err);
    if (names->n) qsort(names->path, names->n, sizeof *names->path, compare);
    return result;
}

/* One search for a pattern. */
struct search {
    struct acq_paths *found;
    unsigned depth; /* folders that ** stands for now */
};

static int find(struct search *s, const char *folder, const char *pattern);

/* take: a name in `folder` that fits the part of the pattern before `rest` */
static int take(struct search *s, const char *folder, const char *name, const char *rest)
{
    char path[ACQ_PATH_MAX];
    if (acq_path_join(path, sizeof path, folder, name) < 0) return ACQ_OK; /* longer than any that can be opened */
    bool is_folder = acq_path_is_dir(path);
    if (*rest) return is_folder ? find(s, path, rest) : ACQ_OK;
    return is_folder || !acq_path_exists(path) ? ACQ_OK : append(s->found, path);
}

/* find_below: in every folder below `folder` what fits the pattern, which begins with the ** that stands for it */
static int find_below(struct search *s, const char *folder, const char *pattern, const struct acq_paths *names)
{
    int result = ACQ_OK;
    if (s->depth >= DEPTH_MAX) return ACQ_OK;
    s->depth++;
    for (size_t i = 0; i < names->n && result == ACQ_OK; i++)
        if (names->path[i][0] != '.') result = take(s, folder, names->path[i], pattern);
    s->depth--;
    return result;
}

/* find: what fits the pattern in a folder. A folder that may not be read has nothing in it. */
static int find(struct search *s, const char *folder, const char *pattern)
{
    size_t n = 0;
    while (pattern[n] && !is_separator(pattern[n])) n++;
    const char *rest = pattern + n;
    while (is_separator(*rest)) rest++;
    if (!memchr(pattern, '*', n) && !memchr(pattern, '?', n) && !memchr(pattern, '[', n)) {
        char name[ACQ_PATH_MAX];
        if (n >= sizeof name) return ACQ_OK;
        memcpy(name, pattern, n);
        name[n] = 0;
        return take(s, folder, name, rest);
    }
    struct acq_paths names = ACQ_PATHS_NONE;
    int result = read_folder(&names, folder, NULL);
    if (result == ACQ_IO) result = ACQ_OK;
    bool any_folders = n == 2 && !memcmp(pattern, "**", 2);
    if (any_folders && result == ACQ_OK) result = find(s, folder, *rest ? rest : "*");
    if (any_folders && result == ACQ_OK) result = find_below(s, folder, *rest ? pattern : "**/*", &names);
    for (size_t i = 0; !any_folders && i < names.n && result == ACQ_OK; i++)
        if (acq_glob_match(pattern, n, names.path[i])) result = take(s, folder, names.path[i], rest);
    acq_paths_fini(&names);
    return result;
}

#ifdef _WIN32
/* parts_end: where n parts of a path end, from position i on */
static size_t parts_end(const char *path, size_t i, unsigned n)
{
    for (; n && path[i]; n--) {
        while (is_separator(path[i])) i++;
        while (path[i] && !is_separator(path[i])) i++;
    }
    return i;
}
#endif

/* root_length: how much of a path comes before the first folder: separators, on Windows also C:, \\server\share, \\?\C:
 * and
 * \\?\UNC\server\share. There is no pattern in it. */
static size_t root_length(const char *path)
{
    size_t n = 0;
#ifdef _WIN32
    if (is_separator(path[0]) && is_separator(path[1])) {
        bool device = (path[2] == '?' || path[2] == '.') && is_separator(path[3]);
        n = parts_end(path, 2, !device ? 2 : !strncmp(path + 4, "UNC\\", 4) ? 4 : 2);
    } else if (path[0] && path[1] == ':') {
        n = 2;
    }
#endif
    while (is_separator(path[n])) n++;
    return n;
}

static int add_pattern(struct acq_paths *paths, const char *word, struct acq_err *err)
{
    char root[ACQ_PATH_MAX];
    size_t n = root_length(word), before = paths->n;
    struct search s = {.found = paths};
    if (n >= sizeof root) return acq_fail(err, ACQ_MISSING, "no file matches %.60s...: the path is too long", word);
    memcpy(root, word, n);
    root[n] = 0;
    int result = find(&s, root, word + n);
    if (result == ACQ_OK && paths->n == before)
        return acq_fail(err, ACQ_MISSING, "no file matches %s: check the name", word);
    return result;
}

static int add_folder(struct acq_paths *paths, const char *folder, const char *const *suffixes, struct acq_err *err)
{
    char path[ACQ_PATH_MAX];
    struct acq_paths names = ACQ_PATHS_NONE;
    size_t before = paths->n;
    int result = read_folder(&names, folder, err);
    for (size_t i = 0; i < names.n && result == ACQ_OK; i++) {
        bool fits = false;
        for (size_t k = 0; suffixes[k]; k++) fits |= acq_has_suffix(names.path[i], suffixes[k]);
        if (!fits || names.path[i][0] == '.' || acq_path_join(path, sizeof path, folder, names.path[i]) < 0) continue;
        if (!acq_path_is_dir(path)) result = append(paths, path);
    }
    acq_paths_fini(&names);
    if (result == ACQ_OK && paths->n == before)
        return acq_fail(err, ACQ_MISSING, "there is no %s in the folder %s: check the name", suffixes[0], folder);
    return result;
}

static bool is_pattern(const char *word)
{
    return strpbrk(word, "*?[") != NULL;
}

int acq_paths_add(struct acq_paths *paths, const char *word, const char *const *suffixes, struct acq_err *err)
{
    struct acq_err own = {0};
    size_t before = paths->n;
    int result;
    if (acq_path_is_dir(word))
        result = add_folder(paths, word, suffixes, &own);
    else if (!strcmp(word, "-") || acq_path_exists(word))
        result = append(paths, word);
    else if (is_pattern(word))
        result = add_pattern(paths, word, &own);
    else
        result = acq_fail(&own, ACQ_MISSING, "there is no file %s: check the name", word);
    if (result == ACQ_OK) {
        qsort(paths->path + before, paths->n - before, sizeof *paths->path, compare);
        return ACQ_OK;
    }
    while (paths->n > before) free(paths->path[--paths->n]);
    if (result == ACQ_RANGE) acq_fail(&own, result, "%s means more than %d files: name fewer", word, ACQ_PATHS_MAX);
    if (result == ACQ_MEMORY) acq_fail(&own, result, "no memory for the files of %s", word);
    if (err) *err = own;
    return result;
}

void acq_paths_fini(struct acq_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++) free(paths->path[i]);
    free(paths->path);
    *paths = (struct acq_paths){0};
}
