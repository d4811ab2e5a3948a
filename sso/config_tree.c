/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that only the text of the configuration answers: httpd keeps no trace of them in a server_rec. */

#include <string.h>

#include "config.h"

const ap_directive_t *sso_tree_of(const server_rec *s, const server_rec *base)
{
    const ap_directive_t *node = ap_conftree;

    if (s == base)
        return node;
    for (; node; node = node->next) {
        if (strcasecmp(node->directive, "<VirtualHost") == 0 && node->line_num == (int)s->defn_line_number
            && strcmp(node->filename, s->defn_name) == 0)
            return node->first_child;
    }
    return NULL;
}

int sso_tree_has_server_name(const server_rec *s, const server_rec *base)
{
    for (const ap_directive_t *node = sso_tree_of(s, base); node; node = node->next) {
        if (strcasecmp(node->directive, "ServerName") == 0)
            return 1;
    }
    return 0;
}

static int says_saml(const ap_directive_t *node)
{
    const char *args = node->args;

    args += strspn(args, " \t\"'");
    return strcasecmp(node->directive, "AuthType") == 0 && strncasecmp(args, SSO_AUTH_TYPE, 4) == 0
        && args[4 + strspn(args + 4, " \t\"'")] == '\0';
}

const ap_directive_t *sso_tree_find_auth_type(const ap_directive_t *node)
{
    for (; node; node = node->next) {
        const ap_directive_t *found = NULL;

        if (says_saml(node))
            return node;
        if (strcasecmp(node->directive, "<VirtualHost") != 0)
            found = sso_tree_find_auth_type(node->first_child);
        if (found)
            return found;
    }
    return NULL;
}
