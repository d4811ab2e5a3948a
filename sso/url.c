/* SPDX-License-Identifier: Apache-2.0 */
/* Our public URLs, and "is this target ours". What two programs could read in two ways is refused, not repaired. */

#include <apr_lib.h>
#include <apr_strings.h>

#include "url.h"

#define MAX_REPLY_URL_BYTES 256     /* what Entra takes */
#define MAX_IDP_URL_BYTES 2048
#define MAX_TARGET_BYTES 8192       /* a request line is no longer */

/* Octets that stand in a URL as a browser sends it: printable ASCII without those it would escape, and without the
 * backslash, which some read as a slash. */
static int is_url_octet(char c)
{
    return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
}

static int is_url_text(const char *text, apr_size_t most)
{
    apr_size_t len = 0;

    for (; text[len]; len++) {
        if (!is_url_octet(text[len]) || len >= most)
            return 0;
    }
    return len > 0;
}

/* "127.x.y.z" in the one plain spelling; others (octal, short forms) are not for us to guess. */
static int is_loopback_ipv4(const char *host)
{
    int dots = 0;
    const char *c = host;

    if (strncmp(host, "127.", 4) != 0)
        return 0;
    while (*c) {
        int value = 0;
        int digits = 0;

        for (; apr_isdigit(*c) && digits < 4; c++, digits++)
            value = value * 10 + (*c - '0');
        if (digits == 0 || digits > 3 || value > 255 || (digits > 1 && c[-digits] == '0'))
            return 0;
        if (*c == '.' && c[1]) {
            dots++;
            c++;
        }
        else if (*c)
            return 0;
    }
    return dots == 3;
}

static int is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 || is_loopback_ipv4(host);
}

/* Length of the host that `text` starts with, or 0: a name or IPv4 address, or an IPv6 address in brackets. */
static apr_size_t host_length(const char *text)
{
    apr_size_t len;

    if (*text == '[') {
        len = strspn(text + 1, "0123456789abcdefABCDEF:.");
        return len >= 2 && text[1 + len] == ']' ? len + 2 : 0;
    }
    len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    if (len == 0 || len > 253 || text[0] == '.' || text[0] == '-' || text[len - 1] == '-')
        return 0;
    for (apr_size_t i = 1; i < len; i++) {
        if (text[i] == '.' && text[i - 1] == '.')
            return 0;
    }
    return len;
}

/* ":8443" in one spelling, 1 to 65535. @return what follows, or NULL */
static const char *read_port(apr_port_t *out, const char *text)
{
    long port = 0;
    int digits = 0;

    if (*text != ':')
        return text;
    for (text++; apr_isdigit(*text) && digits < 6; text++, digits++)
        port = port * 10 + (*text - '0');
    if (digits == 0 || port < 1 || port > 65535 || text[-digits] == '0')
        return NULL;
    *out = (apr_port_t)port;
    return text;
}

/* Scheme, host, port and path; `url` is known to be url text. @return NULL or "expected ..." without what came */
static const char *take_apart(sso_reply_url_t *out, const char *url, apr_pool_t *p)
{
    const char *text = url;
    apr_size_t len;
    char *host;
    int is_default;

    out->url = url;
    out->is_https = strncmp(url, "https://", 8) == 0;
    if (!out->is_https && strncmp(url, "http://", 7) != 0)
        return "expected an absolute https:// URL";
    out->scheme = out->is_https ? "https" : "http";
    out->port = out->is_https ? 443 : 80;
    text += out->is_https ? 8 : 7;
    if (memchr(text, '@', strcspn(text, "/?#")))
        return "expected a URL without user name";
    len = host_length(text);
    if (len == 0)
        return "expected a host name or address after the scheme";
    host = apr_pstrmemdup(p, text, len);
    for (char *c = host; *c; c++)
        *c = apr_tolower(*c);
    out->host = host;
    text = read_port(&out->port, text + len);
    if (!text || (*text && !strchr("/?#", *text)))
        return "expected a port from 1 to 65535, or a path, after the host";
    if (!out->is_https && !is_loopback(host))
        return "expected an https:// URL (http:// is for localhost, 127.0.0.1 and [::1] only)";
    is_default = out->port == (out->is_https ? 443 : 80);
    out->origin = is_default ? apr_pstrcat(p, out->scheme, "://", host, NULL)
                             : apr_psprintf(p, "%s://%s:%u", out->scheme, host, (unsigned)out->port);
    out->path = text;
    out->local_path = text;
    return NULL;
}

static const char *expected(const char *what, const char *url, apr_pool_t *p)
{
    return apr_psprintf(p, "%s, found %s", what, saml_quote(p, url));
}

const char *sso_reply_url_parse(sso_reply_url_t *out, const char *url, apr_pool_t *p)
{
    const char *wrong;

    if (!is_url_text(url, MAX_REPLY_URL_BYTES))
        return expected("expected 1 to 256 printable ASCII characters without spaces, quotes or backslashes", url, p);
    wrong = take_apart(out, url, p);
    if (wrong)
        return expected(wrong, url, p);
    if (!sso_path_is_plain(out->path))
        return expected("expected a path such as \"/saml/acs\" after the host, without query, fragment, escapes, "
                        "double slashes or dot segments", url, p);
    return NULL;
}

const char *sso_idp_url_check(const char *url, apr_pool_t *p)
{
    sso_reply_url_t parts;
    const char *wrong;

    if (!is_url_text(url, MAX_IDP_URL_BYTES))
        return expected("expected 1 to 2048 printable ASCII characters without spaces, quotes or backslashes", url, p);
    wrong = take_apart(&parts, url, p);
    if (!wrong && strchr(url, '#'))
        wrong = "expected a URL without fragment";
    return wrong ? expected(wrong, url, p) : NULL;
}

void sso_idp_addresses(sso_idp_address_t out[SSO_IDP_ADDRESSES], const saml_idp_t *idp)
{
    out[0] = (sso_idp_address_t){ "SingleSignOnService", idp->sso_post };
    out[1] = (sso_idp_address_t){ "SingleSignOnService", idp->sso_redirect };
    out[2] = (sso_idp_address_t){ "SingleLogoutService", idp->slo_post };
    out[3] = (sso_idp_address_t){ "SingleLogoutService", idp->slo_post_response };
    out[4] = (sso_idp_address_t){ "SingleLogoutService", idp->slo_redirect };
    out[5] = (sso_idp_address_t){ "SingleLogoutService", idp->slo_redirect_response };
}

const char *sso_url_normal(const char *url, apr_pool_t *p)
{
    sso_reply_url_t parts;

    return take_apart(&parts, url, p) ? url : apr_pstrcat(p, parts.origin, *parts.path ? parts.path : "/", NULL);
}

int sso_path_is_plain(const char *path)
{
    apr_size_t len = strlen(path);

    if (path[0] != '/' || len < 2 || len > 200 || path[len - 1] == '/')
        return 0;
    while (*path) {
        apr_size_t segment = strspn(++path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-");

        if (segment == 0 || (path[segment] && path[segment] != '/'))
            return 0;
        if (path[0] == '.' && (segment == 1 || (segment == 2 && path[1] == '.')))
            return 0;
        path += segment;
    }
    return 1;
}

const char *sso_path_without(const char *path, const char *prefix)
{
    apr_size_t len = strlen(prefix);

    return strncmp(path, prefix, len) == 0 && path[len] == '/' ? path + len : path;
}

/* The port that the client wrote behind the host; 0 where there is none. */
static apr_port_t port_of_host_header(const request_rec *r)
{
    const char *host = apr_table_get(r->headers_in, "Host");
    const char *colon = host ? strrchr(host, ':') : NULL;
    apr_port_t port = 0;

    if (!colon || strchr(colon, ']') || !read_port(&port, colon))
        return 0;
    return port;
}

const sso_reply_url_t *sso_reply_url_of(const sso_app_t *app, request_rec *r)
{
    const sso_reply_url_t *best = &APR_ARRAY_IDX(app->reply_urls, 0, sso_reply_url_t);
    apr_port_t port = port_of_host_header(r);
    int best_score = 0;

    if (app->reply_urls->nelts == 1 || !r->hostname)
        return best;
    for (int i = 0; i < app->reply_urls->nelts; i++) {
        const sso_reply_url_t *url = &APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t);
        apr_port_t usual = url->is_https ? 443 : 80;
        int score = 1;

        if (strcasecmp(url->host, r->hostname) != 0)
            continue;
        score += (port ? port : usual) == url->port ? 4 : 0;
        score += strcmp(url->scheme, ap_http_scheme(r)) == 0 ? 2 : 0;
        if (score > best_score) {
            best_score = score;
            best = url;
        }
    }
    return best;
}

/* The octet that an escape stands for, or -1. */
static int escaped_octet(const char *text)
{
    static const char hex[] = "0123456789abcdef";
    const char *high;
    const char *low;

    if (text[0] != '%' || !text[1] || !text[2])
        return -1;
    high = strchr(hex, apr_tolower(text[1]));
    low = strchr(hex, apr_tolower(text[2]));
    return high && low ? (int)((high - hex) * 16 + (low - hex)) : -1;
}

/* Every escape of the path is whole, and none hides a control octet. */
static int escapes_are_sound(const char *path)
{
    for (; *path && *path != '?' && *path != '#'; path++) {
        if (*path == '%') {
            int octet = escaped_octet(path);

            if (octet < 0x20 || octet == 0x7f)
                return 0;
        }
    }
    return 1;
}

/* Length of the dot at `text`, plain or escaped; 0 for none. */
static int dot_length(const char *text)
{
    if (*text == '.')
        return 1;
    return escaped_octet(text) == '.' ? 3 : 0;
}

/* Length of what parts two segments, to one reader or another: a slash or backslash, plain or escaped; 0 for none. */
static int slash_length(const char *text)
{
    int octet = *text == '%' ? escaped_octet(text) : *text;

    if (octet != '/' && octet != '\\')
        return 0;
    return *text == '%' ? 3 : 1;
}

static int ends_path(const char *text)
{
    return !*text || *text == '?' || *text == '#';
}

/* Read one segment up to the slash behind it. @return how it moves: 1 down, 0 for ".", -1 for ".." */
static int read_segment(const char **at)
{
    const char *text = *at;
    int dots = 0, len;

    for (; dots < 2 && (len = dot_length(text)) != 0; dots++)
        text += len;
    if (dots && (ends_path(text) || slash_length(text))) {
        *at = text;
        return dots == 1 ? 0 : -1;
    }
    while (!ends_path(text) && !slash_length(text))
        text++;
    *at = text;
    return 1;
}

/*
 * Whether the path behind its first slash could be read as the start of an authority, as it stands or once somebody has taken its
 * dot segments out (RFC 3986 5.2.4): "/a/..//host" is then "//host".
 */
static int reads_like_authority(const char *path)
{
    int depth = 0, moved;

    while (!ends_path(path)) {
        if (depth == 0 && slash_length(path))
            return 1;
        moved = read_segment(&path);
        if (moved <= 0 && *path == '%')
            return 1;           /* a dot segment only to those who decode first */
        depth = depth + moved < 0 ? 0 : depth + moved;
        path += slash_length(path);
    }
    return 0;
}

static int is_own_path(const char *target)
{
    return target[0] == '/' && !reads_like_authority(target + 1) && escapes_are_sound(target);
}

const char *sso_own_target(const sso_app_t *app, const char *target, apr_pool_t *p)
{
    if (!target || !is_url_text(target, MAX_TARGET_BYTES))
        return NULL;
    if (target[0] == '/')
        return is_own_path(target) ? apr_pstrdup(p, target) : NULL;
    for (int i = 0; i < app->reply_urls->nelts; i++) {
        const char *origin = APR_ARRAY_IDX(app->reply_urls, i, sso_reply_url_t).origin;
        apr_size_t len = strlen(origin);

        if (strncmp(target, origin, len) == 0 && (!target[len] || is_own_path(target + len)))
            return apr_pstrdup(p, target);
    }
    return NULL;
}

const char *sso_endpoint_url(const sso_app_t *app, const sso_reply_url_t *reply, const char *name, apr_pool_t *p)
{
    return apr_pstrcat(p, reply->origin, app->public_path, "/", name, NULL);
}

/* What stands behind the authority of a request line in absolute form (RFC 9112 3.2.2), which a proxy may send; else the line's path. */
static const char *path_and_query(request_rec *r)
{
    const char *uri = r->unparsed_uri, *rest = *uri == '/' ? NULL : strstr(uri, "://");

    if (!rest)
        return uri;
    rest += 3;
    rest += strcspn(rest, "/?#");
    return *rest == '/' ? rest : apr_pstrcat(r->pool, "/", rest, NULL);
}

const char *sso_request_target(request_rec *r, const sso_app_t *app)
{
    const char *uri = path_and_query(r);
    const char *target = *uri == '/' ? sso_own_target(app, apr_pstrcat(r->pool, app->prefix, uri, NULL), r->pool) : NULL;

    return target ? target : app->start;
}
