/* SPDX-License-Identifier: Apache-2.0 */
#include "user_labels.h"

#include "user.h"

static int is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int is_same_user(const sso_user_t *a, const sso_user_t *b)
{
    if (a->lower != b->lower || a->strip_domain != b->strip_domain || !is_same_text(a->domain, b->domain)
        || a->claims->nelts != b->claims->nelts)
        return 0;
    for (int i = 0; i < a->claims->nelts; ++i) {
        if (strcmp(APR_ARRAY_IDX(a->claims, i, const char *), APR_ARRAY_IDX(b->claims, i, const char *)) != 0)
            return 0;
    }
    return 1;
}

void sso_users_add(apr_array_header_t *users, const sso_user_t *user)
{
    for (int i = 0; i < users->nelts; ++i) {
        if (is_same_user(APR_ARRAY_IDX(users, i, const sso_user_t *), user))
            return;
    }
    APR_ARRAY_PUSH(users, const sso_user_t *) = user;
}

static int has_label(const sso_label_t *labels, int count, const sso_label_t *label)
{
    for (int i = 0; i < count; ++i) {
        if (memcmp(&labels[i], label, sizeof(*label)) == 0)
            return 1;
    }
    return 0;
}

saml_status_t sso_user_labels(sso_label_t labels[SSO_MAX_LABELS], int *count, const apr_array_header_t *users, const saml_login_t *login,
                              apr_pool_t *p, saml_err_t *err)
{
    int most = *count + SSO_MAX_USER_LABELS < SSO_MAX_LABELS ? *count + SSO_MAX_USER_LABELS : SSO_MAX_LABELS;

    for (int i = 0; i < users->nelts && *count < most; ++i) {
        const char *name = sso_user_of_login(APR_ARRAY_IDX(users, i, const sso_user_t *), login, p);
        sso_label_t label;

        if (!name)
            continue;
        SAML_TRY(sso_user_label(&label, name, p, err));
        if (!has_label(labels, *count, &label))
            labels[(*count)++] = label;
    }
    return SAML_OK;
}
