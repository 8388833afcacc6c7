/* SPDX-License-Identifier: Apache-2.0 */
/* nowhere.c - what libraries may refer to and a jailed program does not have: it goes into the worker
 * and the rule compiler.
 *
 * libcrypto's readers of certificates bring along its sockets, its resolver and its loader of
 * shared objects; libmagic its way of having files unpacked by other programs. The kernel refuses all of that in the jail; here it is not even in the program:
 * the linker (--wrap, meson.build) leads every call to a function that fails, so that the real ones
 * are never linked. tools/check_links.py looks that it is so. */
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
#define NOWHERE(type, name, failure) \
    type __wrap_##name(void);        \
    type __wrap_##name(void)         \
    {                                \
        errno = ENOSYS;              \
        return (failure);            \
    }

NOWHERE(int, socket, -1)
NOWHERE(int, connect, -1)
NOWHERE(int, bind, -1)
NOWHERE(int, listen, -1)
NOWHERE(int, accept, -1)
NOWHERE(ssize_t, sendto, -1)
NOWHERE(ssize_t, recvfrom, -1)
NOWHERE(int, getaddrinfo, EAI_FAIL)
NOWHERE(int, getnameinfo, EAI_FAIL)
NOWHERE(void *, gethostbyname, NULL)
NOWHERE(void *, dlopen, NULL)
NOWHERE(void *, dlsym, NULL)
NOWHERE(int, dlclose, -1)
NOWHERE(int, dladdr, 0)
NOWHERE(const char *, dlerror, "there are no shared objects")
NOWHERE(pid_t, fork, -1)
NOWHERE(int, posix_spawnp, ENOSYS)
NOWHERE(const char *, gai_strerror, "there is no network")
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* It would have nothing to free. */
void __wrap_freeaddrinfo(struct addrinfo *list);
void __wrap_freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}
