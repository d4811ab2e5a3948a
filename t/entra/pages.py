# SPDX-License-Identifier: Apache-2.0
"""The HTML that the stand-in shows: users to choose from, the form that posts itself, errors."""
import base64
import datetime
import html
import uuid

STYLE = """body{font:16px/1.5 system-ui,sans-serif;background:#eef1f5;color:#1b1b1b;margin:0}
main{max-width:27rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:6px;
box-shadow:0 2px 8px #0003}h1{font-size:1.4rem;margin:0 0 .5rem}p{margin:.5rem 0 1rem}
button{display:block;width:100%;margin:.5rem 0;padding:.7rem 1rem;font:inherit;text-align:left;
background:#fff;border:1px solid #8a8a8a;border-radius:4px;cursor:pointer}
button:hover,button:focus{background:#eef4fb;border-color:#0067b8}small{color:#555;display:block}
pre{white-space:pre-wrap;word-break:break-word;font-size:.8rem;background:#f4f4f4;padding:.7rem}"""


def _page(title, body):
    return ('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<title>%s</title><style>%s</style></head>%s</html>"
            % (html.escape(title), STYLE, body)).encode("utf-8")


def sign_in(tenant, application, action, context, users):
    """One button for each user; no script needed."""
    buttons = "".join(
        '<button type="submit" name="user" value="%s">%s<small>%s</small></button>'
        % (html.escape(u.id), html.escape(u.display_name), html.escape(u.upn)) for u in users)
    return _page("Sign in", (
        '<body><main><h1>Sign in to %s</h1><p>Demo directory &#8220;%s&#8221;. '
        "Choose who you are; there is no password.</p>"
        '<form method="post" action="%s"><input type="hidden" name="ctx" value="%s">%s</form>'
        "</main></body>") % (html.escape(application.name), html.escape(tenant.name),
                             html.escape(action), html.escape(context), buttons))


def post_form(url, xml, relay_state):
    """The form that carries the response to the reply URL and posts itself, as Entra's does."""
    fields = [("SAMLResponse", base64.b64encode(xml).decode("ascii"))]
    if relay_state is not None:
        fields.append(("RelayState", relay_state))
    inputs = "".join('<input type="hidden" name="%s" value="%s" />' % (n, html.escape(v))
                     for n, v in fields)
    return ('<html><head><title>Working...</title></head><body><form method="POST" name="hiddenform" '
            'action="%s">%s<noscript><p>Script is disabled. Click Submit to continue.</p>'
            '<input type="submit" value="Submit" /></noscript></form>'
            '<script language="javascript">document.forms[0].submit();</script></body></html>'
            % (html.escape(url), inputs)).encode("utf-8")


def signed_out(frames=(), back=None):
    """`frames`: Logout URLs with requests, each in a hidden frame of its own; `back`: where the page then leads."""
    hidden = "".join('<iframe src="%s" hidden></iframe>' % html.escape(url) for url in frames)
    link = '<p><a href="%s">Continue</a></p>' % html.escape(back) if back else ""
    script = "<script>addEventListener('load',()=>location.replace(document.querySelector('a').href))</script>" if back else ""
    return _page("Sign out", "<body><main><h1>You signed out of your account</h1>"
                 "<p>It&#8217;s a good idea to close all browser windows.</p>%s</main>%s%s</body>" % (link, hidden, script))


def error(refusal):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
    return _page("Sign in to your account", (
        "<body><main><h1>Sorry, but we&#8217;re having trouble signing you in.</h1>"
        "<pre>AADSTS%s: %s</pre><pre>Request Id: %s\nCorrelation Id: %s\nTimestamp: %s</pre></main></body>")
        % (refusal.code, html.escape(refusal.text), uuid.uuid4(), uuid.uuid4(), now))
