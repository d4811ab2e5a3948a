/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody pastes into `saml-sso decode`: XML, form values, URLs, pages, HAR files. Often it is somebody else's, so nothing in it
 * may play tricks on the terminal that it is shown on.
 */
#include "cli/messages.h"
#include "cli/show.h"
#include "cli/utf8.h"
#include "fuzz/fuzz.h"

/* Lines of valid UTF-8, nothing in them that moves a cursor or turns text around. */
static void check_shown(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned long c;

    FUZZ_MUST(strlen(text) == len);
    while (*s) {
        size_t n = cli_utf8_next(&c, s);

        FUZZ_MUST(n > 0);
        FUZZ_MUST(c == '\n' || c == '\t' || c >= 0x20);
        FUZZ_MUST(c != 0x7f && !(c >= 0x80 && c < 0xa0));
        FUZZ_MUST(!(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069));
        s += n;
    }
}

static void show(const cli_message_t *m, apr_pool_t *p)
{
    saml_err_t err = { .pool = p };
    saml_doc_t *doc;
    saml_status_t status = saml_doc_parse(&doc, m->xml, m->len, SAML_MAX_MESSAGE_BYTES, "message", p, &err);
    FILE *terminal = stdout;
    char *text = NULL;
    size_t len = 0;

    if (status != SAML_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    stdout = open_memstream(&text, &len);
    FUZZ_MUST(stdout != NULL);
    cli_print_xml(saml_doc_root(doc));
    cli_print_account(m, doc, FUZZ_NOW, p);
    fclose(stdout);
    stdout = terminal;
    check_shown(text, len);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;
    saml_err_t err = { .pool = NULL };
    apr_array_header_t *messages;
    const char *xml;
    apr_size_t xml_len;
    saml_status_t status;
    int i;

    apr_pool_create(&p, fuzz_pool());
    err.pool = p;
    status = cli_response_read(&xml, &xml_len, (const char *)data, size, p, &err);
    if (status == SAML_OK)
        FUZZ_MUST(xml_len <= SAML_MAX_MESSAGE_BYTES || xml_len == size);
    else
        fuzz_check_refusal(status, &err);
    status = cli_messages_read(&messages, (const char *)data, size, p, &err);
    if (status == SAML_OK) {
        FUZZ_MUST(messages->nelts > 0);
        for (i = 0; i < messages->nelts && i < 8; i++)
            show(&APR_ARRAY_IDX(messages, i, cli_message_t), p);
    }
    else {
        fuzz_check_refusal(status, &err);
    }
    apr_pool_destroy(p);
    return 0;
}
