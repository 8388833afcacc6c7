/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - "clock", the half that the TSC switch leaves: the vDSO and the pages it reads time
 * from are unmapped in the stopped tracee, and its auxiliary vector no longer names them.
 *
 * The tracee has not executed an instruction of its program. The unmapping is done by it, with
 * four borrowed bytes at its entry point, which are put back. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "programs/spawn/plan.h"

#define REGIONS_MAX 8u
#define AUXV_MAX    64u

/* int3; syscall; int3 */
#define BORROWED      0xcc050fccul
#define BORROWED_MASK 0xfffffffful
#define AT_SYSCALL    1u /* offset of the syscall instruction */
#define AT_END        4u /* where rip stands after the second int3 */

struct region {
    unsigned long start;
    unsigned long end;
};

static bool peek(pid_t pid, unsigned long at, unsigned long *out)
{
    errno = 0;
    *out = (unsigned long)ptrace(PTRACE_PEEKDATA, pid, at, NULL);
    return errno == 0;
}

/* "START-END perms offset dev inode   [vdso]" lines of /proc/PID/maps. */
static bool find_regions(pid_t pid, struct region *out, size_t *count)
{
    char path[32], text[16384];
    size_t have = 0;
    ssize_t n = 1;
    auto_fd int fd = -1;

    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && n > 0 && have < sizeof(text) - 1) {
        n = read(fd, text + have, sizeof(text) - 1 - have);
        have += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || n != 0) { /* unreadable, or longer than any program just started */
        return false;
    }
    text[have] = '\0';
    *count = 0;
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line != NULL;
            line = strtok_r(NULL, "\n", &save)) {
        char *rest;
        struct region r;

        if (strstr(line, "[vvar") == NULL && strstr(line, "[vdso]") == NULL) {
            continue;
        }
        r.start = strtoul(line, &rest, 16);
        if (*rest != '-' || *count == REGIONS_MAX) {
            return false;
        }
        r.end = strtoul(rest + 1, NULL, 16);
        out[(*count)++] = r;
    }
    return true;
}

/* The new program's stack: argc, argv, 0, envp, 0, then pairs up to AT_NULL. */
static bool forget_in_auxv(pid_t pid, unsigned long at)
{
    unsigned long word;

    if (!peek(pid, at, &word) || word > AUXV_MAX) {
        return false;
    }
    at += sizeof(word) * (word + 2);
    do {
        if (!peek(pid, at, &word)) {
            return false;
        }
        at += sizeof(word);
    } while (word != 0);
    for (unsigned i = 0; i < AUXV_MAX; i++, at += 2 * sizeof(word)) {
        if (!peek(pid, at, &word)) {
            return false;
        }
        if (word == AT_NULL) {
            return true;
        }
        if (word == AT_SYSINFO_EHDR && trace(PTRACE_POKEDATA, pid, at, AT_IGNORE) != 0) {
            return false;
        }
    }
    return false;
}

/* Lets it run to the next int3, which has to end at `rip`. */
static bool run_to(pid_t pid, unsigned long rip, struct user_regs_struct *regs)
{
    int status;

    if (ptrace(PTRACE_CONT, pid, NULL, NULL) != 0 || waitpid(pid, &status, __WALL) != pid
            || !WIFSTOPPED(status) || status >> 8 != SIGTRAP) {
        return false;
    }
    return ptrace(PTRACE_GETREGS, pid, NULL, regs) == 0 && regs->rip == rip;
}

static bool unmap(pid_t pid, unsigned long entry, const struct user_regs_struct *start,
        const struct region *region)
{
    struct user_regs_struct regs = *start;

    regs.rax = SYS_munmap;
    regs.rdi = region->start;
    regs.rsi = region->end - region->start;
    regs.rip = entry + AT_SYSCALL;
    regs.orig_rax = ~0ull; /* not inside a call: nothing to restart */
    return ptrace(PTRACE_SETREGS, pid, NULL, &regs) == 0 && run_to(pid, entry + AT_END, &regs)
           && regs.rax == 0;
}

bool remove_clock(pid_t pid, const char **what)
{
    struct user_regs_struct regs, start;
    struct region regions[REGIONS_MAX];
    size_t count;
    unsigned long entry, text;

    *what = "reading /proc/PID/maps of the new program";
    if (!find_regions(pid, regions, &count)) {
        return false;
    }
    *what = "its auxiliary vector";
    if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) != 0 || !forget_in_auxv(pid, regs.rsp)) {
        return false;
    }
    entry = regs.rip;
    *what = "borrowing its entry point";
    if (!peek(pid, entry, &text)
            || trace(PTRACE_POKEDATA, pid, entry, (text & ~BORROWED_MASK) | BORROWED) != 0) {
        return false;
    }
    /* The stop is inside the exec, whose return would overwrite a call's number: leave it first. */
    if (!run_to(pid, entry + 1, &start)) {
        return false;
    }
    *what = "unmapping the vDSO (sealed by this kernel?)";
    for (size_t i = 0; i < count; i++) {
        if (!unmap(pid, entry, &start, &regions[i])) {
            return false;
        }
    }
    *what = "giving back its entry point";
    start.rip = entry;
    return trace(PTRACE_POKEDATA, pid, entry, text) == 0
           && ptrace(PTRACE_SETREGS, pid, NULL, &start) == 0;
}
