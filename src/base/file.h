/* file.h - files and folders by UTF-8 path, the same on Linux and Windows.
 *
 * Units   sizes and positions in bytes.
 * Memory  paths are the caller's; nothing is kept.
 * Errors  ACQ_MISSING: there is no such file; ACQ_EXISTS: there is one already; ACQ_IO: everything else, with the
 * system's reason in the text. */
#ifndef ACQ_BASE_FILE_H
#define ACQ_BASE_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ACQ_PATH_MAX 1024

/* how acq_file_open opens */
enum acq_file_mode {
    ACQ_FILE_READ,   /* what is there */
    ACQ_FILE_CREATE, /* a new file for writing; fails with ACQ_EXISTS rather than touch another */
    ACQ_FILE_UPDATE  /* what is there, for reading and writing */
};

/* acq_file_open returns a descriptor >= 0 for acq_file_close, or an error. "-" with ACQ_FILE_READ is standard input. */
int acq_file_open(const char *path, enum acq_file_mode mode, struct acq_err *err);
void acq_file_close(int fd);

/* acq_file_stream returns a C stream that writes where fd stands, for fclose, which closes fd too; NULL without memory.
 */
FILE *acq_file_stream(int fd);

/* acq_file_read reads up to n bytes. Returns how many, 0 at the end, or ACQ_IO. */
ptrdiff_t acq_file_read(int fd, void *bytes, size_t n);

/* acq_file_read_at reads up to n bytes from `position`, also while other threads do so. Returns as acq_file_read. Where
 * acq_file_read goes on behind it is not defined. */
ptrdiff_t acq_file_read_at(int fd, uint64_t position, void *bytes, size_t n);

/* acq_file_write writes all n bytes. Returns 0 or ACQ_IO; then some of them may have been written. */
int acq_file_write(int fd, const void *bytes, size_t n, struct acq_err *err);

/* acq_file_write_at writes all n bytes from `position` on, also while other threads read or write elsewhere in the
 * file. Returns 0 or ACQ_IO; then some of them may have been written. Where acq_file_write goes on behind it is not
 * defined. */
int acq_file_write_at(int fd, uint64_t position, const void *bytes, size_t n, struct acq_err *err);

/* acq_file_sync returns when what was written is on the disk, with what is needed to read it again, but not the times
 * of the file: 0 or ACQ_IO. */
int acq_file_sync(int fd, struct acq_err *err);

/* acq_file_seek sets the position from the start. Returns 0, or ACQ_IO where there is none, as in a pipe. */
int acq_file_seek(int fd, uint64_t position);

/* acq_file_truncate cuts the file to `size`. Returns 0 or ACQ_IO. */
int acq_file_truncate(int fd, uint64_t size, struct acq_err *err);

/* acq_file_allocate makes the file at least `size` long and reserves the space for all of that, so that writing there
 * cannot fill the disk later. What was not written reads as zeros. Returns 0, or ACQ_IO where the disk has no room;
 * then the file may have grown. */
int acq_file_allocate(int fd, uint64_t size, struct acq_err *err);

/* acq_file_lock takes the file for this descriptor alone, almost without waiting, until it is closed or the process
 * ends. Whoever does not ask for the lock reads and writes as ever. Returns false if another descriptor has it, here or
 * in another process; true too where the file system knows no locks. */
bool acq_file_lock(int fd);

/* acq_file_locked says whether another descriptor has the file's lock, and does not take it. */
bool acq_file_locked(int fd);

/* acq_file_size returns the size, or ACQ_IO for what has none, as a pipe. */
int64_t acq_file_size(int fd);

/* acq_file_free_space returns how many bytes an ordinary user may still write to the disk that the folder is on, or
 * ACQ_IO. */
int64_t acq_file_free_space(const char *dir);

/* acq_path_mkdir makes one folder. Returns 0, or ACQ_IO, also where it is there. */
int acq_path_mkdir(const char *path);

bool acq_path_exists(const char *path);
bool acq_path_is_dir(const char *path);

/* acq_path_is_file says whether an ordinary file is there: opening a pipe may wait for ever. */
bool acq_path_is_file(const char *path);

/* acq_path_same says whether two paths lead to one file that is there, also by links and other spellings. */
bool acq_path_same(const char *a, const char *b);

/* acq_path_mkdirs makes the folder and those above it. Returns 0, also where it is there, or ACQ_IO. */
int acq_path_mkdirs(const char *path, struct acq_err *err);

/* acq_path_rename moves a file over whatever is at `to`. acq_path_remove deletes one. Both return 0 or ACQ_IO. */
int acq_path_rename(const char *from, const char *to, struct acq_err *err);
int acq_path_remove(const char *path);

/* acq_path_sync_dir makes the names in a folder durable, where the system needs that. Returns 0 or ACQ_IO. */
int acq_path_sync_dir(const char *dir, struct acq_err *err);

/* acq_dir_each calls fn with each file name in a folder, in no order, until it returns non-zero. Returns what fn
 * returned last, 0 where it was never called, or ACQ_IO. */
int acq_dir_each(const char *dir, int (*fn)(void *user, const char *name), void *user, struct acq_err *err);

/* acq_path_join writes dir/name. Returns 0, or ACQ_RANGE if it does not fit. */
int acq_path_join(char *dst, size_t size, const char *dir, const char *name);

/* acq_path_base returns the last part of path; '/' separates, on Windows '\\' too. */
const char *acq_path_base(const char *path);

/* acq_path_unused writes `path` to dst, or where that exists path with -2, -3 … before its (first) extension, so that
 * nothing is overwritten. Returns 0 or ACQ_RANGE. */
int acq_path_unused(char *dst, size_t size, const char *path);

/* acq_has_suffix says whether text ends in suffix. */
bool acq_has_suffix(const char *text, const char *suffix);

#endif
