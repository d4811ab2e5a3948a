/* SPDX-License-Identifier: Apache-2.0 */
#include "page.h"

#include <apr_strings.h>
#include <openssl/sha.h>

#include "saml/binding.h"
#include "saml/texts.h"
#include "url.h"

static const char style[] =
    "body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#1b1b1b;background:#f4f5f7}"
    "main{max-width:32rem;margin:12vh auto;padding:2rem;background:#fff;border:1px solid #d5d8dd;border-radius:6px}"
    "h1{margin-top:0;font-size:1.35rem}p{margin:.8rem 0}p,h1,dt,dd,blockquote{overflow-wrap:anywhere}"
    "blockquote{margin:.8rem 0;padding:.1rem 0 .1rem 1rem;border-left:4px solid #767b84}"
    "dl{display:grid;grid-template-columns:fit-content(45%) 1fr;gap:.2rem .75rem;margin:1.4rem 0 0;font-size:.875rem;color:#4a4f57}"
    "dd{margin:0;font-family:ui-monospace,monospace}a{color:#0b5cad}"
    "button,a.button{display:inline-block;padding:.55rem 1.1rem;font:inherit;color:#fff;background:#0b5cad;"
    "border:0;border-radius:4px;text-decoration:none;cursor:pointer}"
    "button:focus-visible,a:focus-visible{outline:3px solid #1b1b1b;outline-offset:2px}"
    "@media(max-width:36rem){main{margin:0;min-height:100vh;box-sizing:border-box;border:0;border-radius:0}}"
    /* a small frame, with its button in sight */
    "@media(max-height:15rem){body{font-size:13px}main{margin:0;padding:.6rem .75rem}h1{margin:0;font-size:1em}p{margin:.4rem 0}"
    "button,a.button{padding:.3rem .7rem}}";

static const char submit_script[] = "document.forms[0].submit()";

/*
 * Only known here: whether the browser is where it should be (address.h; "our.host.mcas.ms" is a service that rewrites all addresses), and
 * what stands behind "#" (fragment.h). Where this tab wants to go, it may be asked for later (place.h).
 */
#define IF_ELSEWHERE "if(location.origin!==d.origin&&location.hostname.indexOf(new URL(d.origin).hostname+'.'))" \
                     "return location.replace(d.elsewhere+encodeURIComponent(location.origin));"
#define KEEP_FRAGMENT "var e=encodeURIComponent(h);if(h.length>1&&e.length<1000)try{document.cookie=d.at+e+d.end}catch(e){}"

#define KEEP_PLACE "try{if('place' in d)sessionStorage.setItem('saml-place',location.href)}catch(e){}"

static const char sign_on_script[] =
    "(function(f,d,h){" IF_ELSEWHERE KEEP_FRAGMENT
    KEEP_PLACE "f.submit()})(document.forms[0],document.forms[0].dataset,location.hash)";

static const char go_script[] =
    "(function(a,d,h){" IF_ELSEWHERE KEEP_FRAGMENT
    KEEP_PLACE "location.replace(a.href)})(document.getElementById('go'),document.getElementById('go').dataset,location.hash)";

/* 'sha256-...' of an inline style or script (CSP Level 3, 2.3.1). */
static const char *csp_hash(apr_pool_t *p, const char *text)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)text, strlen(text), digest);
    return apr_pstrcat(p, "'sha256-", saml_base64_encode(p, digest, sizeof(digest)), "'", NULL);
}

/* No form-action: Chrome applies it to the redirects of the identity provider that the form leads to. */
static const char *policy_with(apr_pool_t *p, const char *ancestors, const char *script)
{
    return apr_pstrcat(p, "default-src 'none'; base-uri 'none'; ", ancestors, "style-src ", csp_hash(p, style),
                       script ? "; script-src " : "", script ? csp_hash(p, script) : "", NULL);
}

static const char *policy_for(apr_pool_t *p, const char *script)
{
    return policy_with(p, "frame-ancestors 'self'; ", script);
}

/* The policies of the pages that every sign-on needs. Written before there are threads. */
static struct {
    const char *script;
    const char *policy;
} usual[] = { { sign_on_script, NULL }, { go_script, NULL }, { submit_script, NULL }, { NULL, NULL } };

#define USUAL (sizeof(usual) / sizeof(usual[0]))

void sso_page_prepare(apr_pool_t *p)
{
    apr_size_t i;

    for (i = 0; i < USUAL; ++i)
        usual[i].policy = policy_for(p, usual[i].script);
}

static const char *policy_of(apr_pool_t *p, const char *script)
{
    apr_size_t i;

    for (i = 0; i < USUAL; ++i) {
        if (usual[i].script == script)
            return usual[i].policy;
    }
    return policy_for(p, script);
}

static void set_header(request_rec *r, const char *name, const char *value)
{
    apr_table_setn(r->err_headers_out, name, value);
}

void sso_page_uncached(request_rec *r)
{
    set_header(r, "Cache-Control", "no-store");
    set_header(r, "Pragma", "no-cache");
}

static void set_html_headers(request_rec *r, const char *policy)
{
    set_header(r, "Content-Security-Policy", policy);
    set_header(r, "X-Content-Type-Options", "nosniff");
    /* Nothing for others; our own site gets the true Origin of a form that is sent again (resend.h). */
    set_header(r, "Referrer-Policy", "same-origin");
    sso_page_uncached(r);
}

static int init_filters(ap_filter_t *f)
{
    int rc = OK;

    for (; f && rc == OK; f = f->next) {
        if (f->frec->filter_init_func)
            rc = f->frec->filter_init_func(f);
    }
    return rc;
}

/*
 * Answers are sent from hooks too, before the handler phase: filters that modules insert for every answer (mod_headers, mod_filter)
 * are then put in and initialised by hand, as ap_invoke_handler() does; mod_filter's crash without the latter.
 */
static int insert_filters(request_rec *r)
{
    int rc;

    ap_run_insert_filter(r);
    rc = init_filters(r->input_filters);
    return rc == OK ? init_filters(r->output_filters) : rc;
}

/* The body of a request is left to httpd to discard. */
static int send_body(request_rec *r, int http_status, const char *type, const char *body)
{
    int rc;

    r->status = http_status;
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)strlen(body));
    if (!sso_request_of(r)->in_handler && (rc = insert_filters(r)) != OK)
        return rc;
    if (!r->header_only)
        ap_rputs(body, r);
    return DONE;
}

static int send_document(request_rec *r, int http_status, const char *policy, const char *title, const char *body, const char *script)
{
    const char *html;

    set_html_headers(r, policy);
    title = ap_escape_html(r->pool, title);
    html = apr_pstrcat(r->pool, "<!DOCTYPE html>\n<html lang=\"", saml_page_texts.lang, "\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"robots\" content=\"noindex\">\n<title>", title, "</title>\n<style>", style,
                       "</style>\n</head>\n<body>\n<main>\n<h1>", title, "</h1>\n", body, "</main>\n",
                       script ? "<script>" : "", script ? script : "", script ? "</script>\n" : "",
                       "</body>\n</html>\n", NULL);
    return send_body(r, http_status, "text/html; charset=utf-8", html);
}

int sso_page_send(request_rec *r, int http_status, const char *title, const char *body, const char *script)
{
    return send_document(r, http_status, policy_of(r->pool, script), title, body, script);
}

const char *sso_page_paragraph(apr_pool_t *p, const char *text)
{
    return text ? apr_pstrcat(p, "<p>", ap_escape_html(p, text), "</p>\n", NULL) : "";
}

const char *sso_page_button(apr_pool_t *p, const char *text, const char *url)
{
    return url ? apr_pstrcat(p, "<p><a class=\"button\" href=\"", ap_escape_html(p, url), "\">", ap_escape_html(p, text),
                             "</a></p>\n", NULL) : "";
}

int sso_page_text(request_rec *r, int http_status, const char *text)
{
    sso_page_uncached(r);
    set_header(r, "X-Content-Type-Options", "nosniff");
    return send_body(r, http_status, "text/plain; charset=utf-8", text);
}

int sso_page_json(request_rec *r, int http_status, const char *json)
{
    sso_page_uncached(r);
    set_header(r, "X-Content-Type-Options", "nosniff");
    return send_body(r, http_status, "application/json", json);
}

int sso_page_redirect(request_rec *r, int http_status, const char *location)
{
    sso_page_uncached(r);
    set_header(r, "Referrer-Policy", "no-referrer");
    set_header(r, "Location", location);
    return send_body(r, http_status, "text/plain; charset=utf-8", "");
}

/* The form itself: its hidden fields, a sentence, a button. */
static const char *form_element(apr_pool_t *p, const char *action, const char *attributes, const sso_field_t *fields, int field_count,
                                const char *sentence, const char *button)
{
    const char *inputs = "";
    int i;

    for (i = 0; i < field_count; ++i) {
        if (fields[i].value)
            inputs = apr_pstrcat(p, inputs, "<input type=\"hidden\" name=\"", fields[i].name, "\" value=\"",
                                 ap_escape_html(p, fields[i].value), "\">\n", NULL);
    }
    return apr_pstrcat(p, "<form method=\"post\" action=\"", ap_escape_html(p, action), "\"", attributes, ">\n", inputs,
                       sso_page_paragraph(p, sentence),
                       "<p><button type=\"submit\">", ap_escape_html(p, button), "</button></p>\n</form>\n", NULL);
}

int sso_page_form(request_rec *r, const char *action, const sso_field_t *fields, int field_count, const char *attributes)
{
    const char *form = form_element(r->pool, action, attributes, fields, field_count, saml_page_texts.signing_in,
                                    saml_page_texts.signing_in_button);

    return sso_page_send(r, HTTP_OK, saml_page_texts.signing_in_title, form, sign_on_script);
}

int sso_page_go(request_rec *r, const char *url, const char *attributes)
{
    const char *to = ap_escape_html(r->pool, url);
    const char *body = apr_pstrcat(r->pool, "<noscript><meta http-equiv=\"refresh\" content=\"0;url=", to, "\"></noscript>\n",
                                   sso_page_paragraph(r->pool, saml_page_texts.signing_in),
                                   "<p><a class=\"button\" id=\"go\" href=\"", to, "\"", attributes, ">",
                                   ap_escape_html(r->pool, saml_page_texts.signing_in_button), "</a></p>\n", NULL);

    return sso_page_send(r, HTTP_OK, saml_page_texts.signing_in_title, body, go_script);
}

int sso_page_logout_form(request_rec *r, const char *action, const sso_field_t *fields, int field_count)
{
    const char *body = form_element(r->pool, action, "", fields, field_count, saml_page_texts.signing_out,
                                    saml_page_texts.signing_out_button);

    return send_document(r, HTTP_OK, policy_with(r->pool, "", submit_script), saml_page_texts.signing_out_title, body, submit_script);
}

int sso_page_logged_out(request_rec *r, sso_signed_out_t there)
{
    const char *const rest[] = {
        [SSO_OUT_HERE] = saml_page_texts.signed_out_maybe, [SSO_OUT_THERE] = saml_page_texts.signed_out_there,
        [SSO_OUT_PARTLY] = saml_page_texts.signed_out_partly
    };
    const sso_app_t *app = sso_request_of(r)->app;
    const char *again = sso_endpoint_url(app, sso_reply_url_of(app, r), "login", r->pool);

    return sso_page_send(r, HTTP_OK, saml_page_texts.signed_out_title,
                         apr_pstrcat(r->pool, sso_page_paragraph(r->pool, saml_page_texts.signed_out_here),
                                     sso_page_paragraph(r->pool, rest[there]),
                                     sso_page_button(r->pool, saml_way_texts[SAML_WAY_SIGN_IN], again), NULL), NULL);
}
