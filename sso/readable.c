/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "config.h"

const char *sso_unreadable(const char *file, const char *what, apr_pool_t *p)
{
    /* Opened and not asked about: what access() says is not what an open does. A pipe must not hold the start up. */
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int why = fd < 0 ? errno : 0;
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) != 0)
        why = errno;
    else if (fd >= 0 && !S_ISREG(st.st_mode))
        why = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    if (fd >= 0)
        close(fd);
    if (why == 0)
        return NULL;
    return apr_psprintf(p, "expected a readable %s, found %s (%s)", what, saml_quote(p, file), strerror(why));
}
