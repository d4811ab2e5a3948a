/* SPDX-License-Identifier: Apache-2.0 */
#include "keep_posts.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "resend.h"
#include "resend_note.h"
#include "store/private_dir.h"

#define FOLDER "mod_saml_sso.kept"      /* in the runtime directory */
#define USUAL_BYTES (8 * 1024 * 1024)
#define USUAL_TOTAL APR_UINT64_C(67108864)
#define LEAST_BYTES 1024
#define MOST_BYTES  APR_INT64_C(1073741824)
#define MOST_TOTAL  APR_INT64_C(1099511627776)
#define OF_TOTAL    4                   /* one client may have a quarter of it, and clients near each other two */
#define STAYS_FREE  APR_UINT64_C(67108864)
#define TOTAL  "total="
#define FOLDER_IS "folder="
#define OFF    "off"

/* "512k", "8m", "1g"; octets without a unit. @return 0: it is none, or not from `least` to `most` */
static apr_int64_t parse_size(const char *text, apr_int64_t least, apr_int64_t most)
{
    static const char units[] = "kmg";
    apr_size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] ? strchr(units, apr_tolower(text[digits])) : NULL;
    apr_int64_t size = digits > 0 && digits <= 13 ? apr_atoi64(text) : 0;
    int shift = unit ? 10 * (int)(unit - units + 1) : 0;

    if (text[digits] && (!unit || text[digits + 1]))
        return 0;
    if (size > most >> shift)
        return 0;
    size <<= shift;
    return size >= least ? size : 0;
}

static const char *refuse(cmd_parms *cmd, const char *expected, const char *got)
{
    return apr_psprintf(cmd->pool, "%s: expected %s, got %s", cmd->cmd->name, expected, saml_quote(cmd->pool, got));
}

static int starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

const char *sso_set_keep_posts(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    const char *total = NULL, *folder = NULL;
    sso_value_t *value;

    (void)dir;
    if (argc < 1 || (strcmp(argv[0], OFF) != 0 && !parse_size(argv[0], LEAST_BYTES, MOST_BYTES)))
        return refuse(cmd, "a size from 1k to 1g, or off", argc < 1 ? "" : argv[0]);
    if (strcmp(argv[0], OFF) == 0 && argc > 1)
        return refuse(cmd, "nothing after off", argv[1]);
    for (int i = 1; i < argc; i++) {
        if (starts_with(argv[i], TOTAL) && !total && parse_size(argv[i] + strlen(TOTAL), LEAST_BYTES, MOST_TOTAL))
            total = argv[i] + strlen(TOTAL);
        else if (starts_with(argv[i], FOLDER_IS) && !folder && argv[i][strlen(FOLDER_IS)] == '/')
            folder = argv[i] + strlen(FOLDER_IS);
        else
            return refuse(cmd, "total= with a size from 1k to 1024g, or folder= with a path that begins with \"/\", each once", argv[i]);
    }
    value = sso_add_single(cmd, argv[0]);
    value->more = total;
    value->path = folder;
    return NULL;
}

/* ---- at the start ------------------------------------------------------------------------------------------ */

static const sso_kept_place_t *known(const sso_process_t *process, const char *folder)
{
    for (int i = 0; i < process->keeps->nelts; i++) {
        const sso_kept_place_t *place = APR_ARRAY_IDX(process->keeps, i, const sso_kept_place_t *);

        if (strcmp(place->folder, folder) == 0)
            return place;
    }
    return NULL;
}

static sso_kept_place_t *place_of(sso_check_t *check, const sso_value_t *value)
{
    sso_kept_place_t *place = apr_pcalloc(check->p, sizeof(*place));
    apr_uint64_t size = value ? (apr_uint64_t)parse_size(value->text, LEAST_BYTES, MOST_BYTES) : USUAL_BYTES;

    place->folder = value && value->path ? value->path : ap_runtime_dir_relative(check->p, FOLDER);
    place->most = size + SSO_RESEND_HEADER_BYTES;
    place->in_all = value && value->more ? (apr_uint64_t)parse_size(value->more, LEAST_BYTES, MOST_TOTAL) : USUAL_TOTAL;
    if (!(value && value->more) && place->in_all < OF_TOTAL * size)
        place->in_all = OF_TOTAL * size;
    place->per_client = place->in_all / OF_TOTAL;
    if (place->per_client < place->most)
        place->per_client = place->most;
    place->per_network = 2 * place->per_client < place->in_all ? 2 * place->per_client : place->in_all;
    place->stays_free = STAYS_FREE;
    place->age = SSO_RESEND_AGE;
    return place;
}

static int check_folder(sso_check_t *check, const sso_at_t *at, const sso_kept_place_t *place)
{
    sso_store_owner_t owner = sso_child_owner();
    saml_err_t *err = sso_err_new(check->p);

    if (sso_private_dir_check_free(place->folder, &owner, err) == SAML_OK
        && sso_check_reach(apr_pstrcat(check->p, "kept:", place->folder, NULL), err) == SAML_OK)
        return 1;
    sso_check_fail(check, "SAMLKeepPosts", at, "expected a folder to keep requests in, found: %s; mend: make it usable, name another with "
                   FOLDER_IS ", or SAMLKeepPosts off", err->reason);
    return 0;
}

int sso_resolve_keep_posts(sso_check_t *check, const sso_app_conf_t *conf, sso_app_t *app)
{
    const sso_value_t *value = sso_set_value_of(conf, SSO_SET_KEEP_POSTS);
    const sso_at_t *at = value ? &value->at : &conf->at;
    const sso_kept_place_t *place;

    if (value && strcmp(value->text, OFF) == 0)
        return 1;
    place = place_of(check, value);
    app->keep = place;
    if (place->in_all < place->most) {
        sso_check_fail(check, "SAMLKeepPosts", at, "expected a " TOTAL " with room for one and 16k for its headers, found %s; mend: raise "
                       "it, or leave it out", sso_keep_posts_text(place, check->p));
        return 0;
    }
    if (known(check->process, app->keep->folder))
        return 1;
    APR_ARRAY_PUSH(check->process->keeps, const sso_kept_place_t *) = app->keep;
    return check_folder(check, at, app->keep);
}

static const char *size_text(apr_uint64_t size, apr_pool_t *p)
{
    static const char units[] = "\0kmg";
    int unit = 0;

    for (; unit < 3 && size > 0 && size % 1024 == 0; unit++)
        size /= 1024;
    return apr_psprintf(p, "%" APR_UINT64_T_FMT "%.1s", size, &units[unit]);
}

const char *sso_keep_posts_text(const sso_kept_place_t *keep, apr_pool_t *p)
{
    if (!keep)
        return OFF;
    return apr_pstrcat(p, size_text(keep->most - SSO_RESEND_HEADER_BYTES, p), " " TOTAL, size_text(keep->in_all, p),
                       " " FOLDER_IS, keep->folder, NULL);
}

int sso_keep_posts_prepare(const sso_process_t *process, apr_pool_t *p, server_rec *base)
{
    sso_store_owner_t owner = sso_child_owner();

    for (int i = 0; i < process->keeps->nelts; i++) {
        saml_err_t *err = sso_err_new(p);

        if (sso_private_dir_give(APR_ARRAY_IDX(process->keeps, i, const sso_kept_place_t *)->folder, &owner, err) == SAML_OK)
            continue;
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, base, "SAMLKeepPosts: requests cannot be kept: %s", err->reason);
        return 0;
    }
    return 1;
}

void sso_keep_posts_sweep(const sso_process_t *process, apr_time_t now, apr_pool_t *ptemp, server_rec *base)
{
    for (int i = 0; i < process->keeps->nelts; i++) {
        saml_err_t *err = sso_err_new(ptemp);
        int cleared;

        if (sso_kept_sweep(APR_ARRAY_IDX(process->keeps, i, const sso_kept_place_t *), now, &cleared, err) != SAML_OK)
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, base, "SAMLKeepPosts: what nobody came back for cannot be cleared: %s", err->reason);
        else if (cleared > 0)
            ap_log_error(APLOG_MARK, APLOG_INFO, 0, base, "SAMLKeepPosts: cleared %d requests that nobody came back for", cleared);
    }
}
