#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What a refusal says: codes in words and nothing of the sender's text, the way on, and the administrator's ErrorDocument in each of its
# forms, from hooks and from the handler, without ever going round.
use strict;
use warnings;
use Test::More;
use SSOTest;

use constant { OWN => 0, LOCAL => 1, TEXT => 2, ELSEWHERE => 3, GUARDED => 4, CGI => 5, UNKNOWING => 6 };

my $cgi = SSOTest::Httpd::mpm() eq 'prefork' ? 'cgi' : 'cgid';
my $status = 'urn:oasis:names:tc:SAML:2.0:status:';

# The same three places on each virtual host; what differs is how its refusals are shown.
sub host
{
    my ($port, $conf, %o) = @_;

    return "Listen 127.0.0.1:\@$port\@\n<VirtualHost 127.0.0.1:\@$port\@>\n"
        . saml_conf(SAMLReplyURL => "http://127.0.0.1:\@$port\@/saml/acs", %o) . places() . "$conf</VirtualHost>\n";
}

sub places
{
    return <<'CONF';
SAMLIdPInitiated on
SAMLCookie refusals
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
<Location "/app/few">
    Require saml-group few
</Location>
<Location "/nameless">
    AuthType SAML
    SAMLUser upn
    Require valid-user
</Location>
CONF
}

# The examples of the manual, as they stand there.
sub of_manual
{
    my ($language) = @_;
    my $top = $ENV{SSO_SRCDIR} or die 'SSO_SRCDIR is not set';

    open my $manual, '<', "$top/doc/manual.md" or die "doc/manual.md: $!";
    local $/;
    my ($example) = <$manual> =~ /^## Refusals\n.*?^```$language\n(.*?)^```/ms or die "doc/manual.md has no $language";
    return $example;
}

my $t = SSOTest->new(ports => 6, backend => 1, modules => ['include', 'filter', 'headers', 'proxy', 'proxy_http', $cgi],
    prepare => sub {
        my ($self) = @_;
        my $httpd = $self->httpd;
        my @names = qw(STATUS REFERENCE TITLE SENTENCE ADVICE CODE CODE_MEANING CODE_FIX CODE_URL MESSAGE RETRY RETRY_URL);

        mkdir $self->dir . "/htdocs/$_" for qw(app app/few sorry);
        $httpd->write_file('htdocs/sorry/page.shtml', join('', map {
            qq{$_=<!--#echo var="REDIRECT_SAML_ERROR_$_" -->\n} } @names), 0644);
        $httpd->write_file('htdocs/sorry/page.cgi', "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv | grep REDIRECT_SAML_\n", 0755);
        $httpd->write_file('htdocs/sorry/manual.shtml', of_manual('html'), 0644);
        $httpd->write_file('htdocs/sorry/manual.cgi', of_manual('python'), 0755);
        $httpd->write_file('htdocs/app/page.html', 'in', 0644);
        $httpd->write_file('htdocs/app/few/page.html', 'few', 0644);
        $httpd->write_file('htdocs/app/sorry.html', 'sorry from inside', 0644);
        $httpd->write_file('htdocs/nameless', 'in', 0644);
    },
    conf => saml_conf() . places() . ($cgi eq 'cgid' ? "ScriptSock cgisock\n" : '') . <<'CONF'
CustomLog refusals_log "%>s %{SAML_ERROR_STATUS}e %{SAML_ERROR_REFERENCE}e"
<Directory "@ROOT@/htdocs/sorry">
    Options +Includes +ExecCGI
    AddType text/html .shtml
    AddOutputFilter INCLUDES .shtml
    AddHandler cgi-script .cgi
</Directory>
<Location "/default">
    AuthType SAML
    Require user nobody
    ErrorDocument 403 default
</Location>
<Location "/manual-ssi">
    AuthType SAML
    Require user nobody
    ErrorDocument 403 /sorry/manual.shtml
</Location>
<Location "/manual-cgi">
    AuthType SAML
    Require user nobody
    ErrorDocument 403 /sorry/manual.cgi
</Location>
<Location "/manual-proxy">
    AuthType SAML
    Require user nobody
    ErrorDocument 403 /back/sorry
</Location>
ProxyPass /back http://@BACKEND@/back
<Location "/back">
    RequestHeader set X-Reference "%{REDIRECT_SAML_ERROR_REFERENCE}e"
</Location>
<Location "/sent">
    AuthType SAML
    AuthzSendForbiddenOnFailure On
    Require user nobody
</Location>
CONF
    . host('PORT1', "ErrorDocument 403 /sorry/page.shtml\nErrorDocument 400 /sorry/page.shtml\n")
    . host('PORT2', qq{ErrorDocument 403 "Reference %{reqenv:SAML_ERROR_REFERENCE}, %{reqenv:SAML_ERROR_STATUS}."\n})
    . host('PORT3', qq{ErrorDocument 403 https://help.example/?ref=%{reqenv:SAML_ERROR_REFERENCE}\n})
    . host('PORT4', "ErrorDocument 403 /app/sorry.html\nErrorDocument 400 /saml/login?target=/app/\n")
    . host('PORT5', "ErrorDocument 403 /sorry/page.cgi\nErrorDocument 404 /sorry/page.cgi\n")
    . host('PORT6', "ErrorDocument 503 /sorry/page.shtml\n", SAMLIdPMetadata => 'https://127.0.0.1:1/metadata', SAMLLoginURL => undef,
        SAMLCertificate => undef));

sub base { my ($host) = @_; return 'http://127.0.0.1:' . $t->httpd->port($host) }
sub browser_at { my ($host) = @_; return SSOTest::Browser->new(base => base($host)) }

# What the page has: { title, reference, reason, paragraphs, button => [text, href], link => [text, attributes] }
sub page_of
{
    my ($reply) = @_;
    my $body = $reply->body;
    my %page;

    ($page{title}) = $body =~ m{<h1>(.*?)</h1>};
    ($page{reference}) = $body =~ m{<dt>Reference</dt><dd>([0-9a-f]{12})</dd>};
    ($page{reason}) = $body =~ m{<dt>Reason</dt><dd>(.*?)</dd>};
    $page{text} = join "\n", map { SSOTest::Reply::html_decode($_) } $body =~ m{<p>([^<]*)</p>}g;
    @page{qw(href button)} = map { SSOTest::Reply::html_decode($_) } $body =~ m{<a class="button" href="([^"]*)">(.*?)</a>};
    @page{qw(link_to link)} = $body =~ m{<a rel="noreferrer" href="([^"]*)">(.*?)</a>};
    return \%page;
}

# A sign-on at a host that ends in the identity provider's failure: what the ACS answers.
sub failed
{
    my ($host, $message, $codes, $path) = @_;
    my $browser = browser_at($host);
    my $request = $t->request_of($browser->get($path // '/app/page.html?a=1&b=%22'));

    return $t->deliver($browser, $request, $t->response_to($request, sign => 'none', status_message => $message,
        status_codes => [map { /:/ ? $_ : $status . $_ } @{ $codes || ['Requester', 'RequestDenied'] }]));
}

sub is_logged
{
    my ($page, $name, $reason) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $line = $t->refused($name, $reason) // return;
    return like $line, qr/\Q($page->{reference})\E/, 'under the reference of the page';
}

subtest 'a code of Entra' => sub {
    my $reply = failed(OWN, 'AADSTS50105: call <b>555-0100</b> & ask for Eve. Trace ID: 11111111-2222-3333-4444-555555555555');
    my $page = page_of($reply);

    is $reply->status, 403, 'is answered with 403';
    like $page->{text}, qr/^AADSTS50105: The account is not assigned to this application/m, 'says what it means';
    like $page->{text}, qr/^An administrator can fix this: In the portal, Users and groups: assign/m, 'who can mend it, and how';
    like $page->{text}, qr/^Tell your administrator the code above/m, 'and what to do';
    unlike $reply->body, qr/555-0100|Eve|Trace|11111111/, 'nothing else of the message is there';
    is_deeply [@$page{qw(link_to link)}], ['https://login.microsoftonline.com/error?code=50105', 'What Microsoft says of AADSTS50105'],
        'a link to the look-up, which learns of no address';
    is $page->{button}, 'Back to the start', 'signing in again would not help';
    is $page->{href}, base(OWN) . '/', 'and the start is this site';
    is_logged($page, 'status', qr/with the message "AADSTS50105: call.*; AADSTS50105: The account is not assigned.* Mend \(an administrator\): In the portal/);
};

subtest 'a code that the user can mend' => sub {
    my $page = page_of(failed(OWN, 'AADSTS50074: Strong Authentication is required.'));

    like $page->{text}, qr/^You can fix this yourself: Sign in again/m, 'says so';
    is $page->{button}, 'Sign in again', 'and how to';
    is_logged($page, 'status', qr/AADSTS50074: .* Mend \(the user\)/);
    my $browser = browser_at(OWN);
    my $again = $browser->get($page->{href});
    my $request = $t->request_of($again);
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/app/page.html?a=1&b=%22',
        'and that ends where the first sign-on was to end';
};

subtest 'a form that waits' => sub {
    my $browser = browser_at(OWN);
    my $request = $t->request_of($browser->post('/app/page.html', [note => 'kept'], headers => [['Origin', base(OWN)]]));
    my $page = page_of($t->deliver($browser, $request, $t->response_to($request, sign => 'none', status_message => 'AADSTS50074',
        status_codes => [$status . 'Requester'])));

    is_logged($page, 'status');
    my ($name) = map { /kept-(.*)/ } $browser->cookie_names;
    is $page->{href}, "/saml/login?resend=$name&target=%2fapp%2fpage.html&again=1", 'is not forgotten by the new sign-on';
    $request = $t->request_of($browser->get($page->{href}));
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), "/saml/login?resend=$name&target=%2fapp%2fpage.html",
        'which ends where it is sent again';
};

subtest 'a code that nobody knows' => sub {
    my $page = page_of(failed(OWN, 'aadsts98765: something new'));

    like $page->{text}, qr/^AADSTS98765: This code is not explained here\. RequestDenied: The identity provider understood/m, "has SAML's own words";
    is $page->{link_to}, 'https://login.microsoftonline.com/error?code=98765', 'and the look-up';
    is_logged($page, 'status', qr/; RequestDenied: .* Mend/);
    $page = page_of(failed(OWN, 'AADSTS98765: something new', ['urn:example:other']));
    like $page->{text}, qr/^AADSTS98765: This code is not explained here\.$/m, 'without these, none';
    is $page->{button}, 'Sign in again', 'but a way on';
    is_logged($page, 'status', qr/something new"$/);
};

subtest "a code of SAML's alone" => sub {
    my $page = page_of(failed(OWN, undef, ['Responder', 'NoPassive']));

    like $page->{text}, qr/^NoPassive: Nobody was signed in there/m, 'is put into words';
    is $page->{link_to}, undef, 'there is nothing to look up at Microsoft';
    is_logged($page, 'status', qr/; NoPassive: /);
    $page = page_of(failed(OWN, 'AADSTS1 and AADSTS1234567890 and XAADSTS50105', ['urn:example:"><script>']));
    unlike $page->{text}, qr/AADSTS|script/, 'a number that is no code, and a URI that is nobody\'s, are not shown';
    is_logged($page, 'status', qr/script/);
};

subtest 'at the logout endpoint' => sub {
    my $reply = browser_at(OWN)->request('GET', '/saml/logout?target=https://evil.example/');
    my $page = page_of($reply);

    is $page->{title}, 'Not signed out', 'says that nothing was ended';
    is_deeply [@$page{qw(button href)}], ['Try to sign out again', base(OWN) . '/saml/logout'], 'and how to try again';
    is_logged($page, 'relay-state');
};

subtest 'a target that is not ours' => sub {
    my $page = page_of(browser_at(OWN)->get('/saml/login?target=https://evil.example/'));

    is_deeply [@$page{qw(button href)}], ['Back to the start', base(OWN) . '/'], 'leads to the start, and not there';
    is_logged($page, 'relay-state');
};

subtest 'in a guarded place' => sub {
    my $browser = browser_at(OWN);
    $t->login($browser, '/app/page.html');
    my $reply = $browser->get('/nameless');
    my $page = page_of($reply);

    is $reply->status, 403, 'a session without the claim of SAMLUser is refused';
    is_deeply [@$page{qw(title reason button)}], ['You do not have access', 'claim', 'Sign in as someone else'], 'with its status name';
    is_logged($page, 'claim');
};

subtest 'whom Require does not let in' => sub {
    my $browser = browser_at(OWN);
    $t->login($browser, '/app/page.html');
    for my $path ('/app/few/page.html?x=1', '/default', '/sent') {
        my $reply = $browser->get($path);
        my $page = page_of($reply);
        my ($bare) = $path =~ /^([^?]*)/;

        is $reply->status, 403, "$path: 403";
        is $page->{title}, 'You do not have access', 'says so';
        is $page->{reason}, 'access-denied', 'with a name';
        like $reply->body, qr{<dt>Signed in as</dt><dd>ada\@example\.org</dd>}, 'and whom';
        is $page->{button}, 'Sign in as someone else', 'and what helps';
        like $t->httpd->log_text, qr/\[saml_sso:info\] .* access denied \($page->{reference}\): .* \Q$bare\E$/m, 'the log has the reference';
    }
    my $page = page_of($browser->get('/app/few/page.html?x=1'));
    my $out = $browser->get($page->{href});
    like $out->header('Location'), qr{/app/few/page\.html\?x=1$}, 'which signs out and leads back';
    ok $browser->get($out->header('Location'))->form, 'to a new sign-on';
};

# ---- ErrorDocument ----

subtest 'ErrorDocument: a page of the site' => sub {
    my $reply = failed(LOCAL, 'AADSTS50124: call <b>555-0100</b>');
    my $env = $reply->env;

    is $reply->status, 403, 'with the status of the refusal';
    is $env->{STATUS}, 'status', 'knows the status name';
    is $env->{TITLE}, 'You are not signed in', 'the title';
    is $env->{SENTENCE}, 'The identity provider did not sign you in.', 'the sentence';
    like $env->{ADVICE}, qr/^Tell your administrator/, 'the advice';
    is $env->{CODE}, 'AADSTS50124', 'the code';
    like $env->{CODE_MEANING}, qr/^A claim's transformation/, 'what it means';
    like $env->{CODE_FIX}, qr/^An administrator can fix this: In the portal, Attributes & Claims/, 'how to mend it';
    like $reply->body, qr/Attributes &amp; Claims/, 'SSI has it escaped';
    is $env->{CODE_URL}, 'https://login.microsoftonline.com/error?code=50124', 'where to look it up';
    is $env->{MESSAGE}, '(none)', 'the application has said nothing';
    is_deeply [@$env{qw(RETRY RETRY_URL)}], ['Back to the start', base(LOCAL) . '/'], 'and the way on';
    unlike $reply->body, qr/555-0100/, "nothing else of the sender's";
    is $reply->header('Cache-Control'), 'no-store', 'nobody keeps it';
    is $reply->header('Content-Security-Policy'), undef, 'its own policy is its own affair';
    is_logged({ reference => $env->{REFERENCE} }, 'status');

    $env = failed(LOCAL, 'AADSTS50074', undef, q{/app/page.html?a=1&b='%22%3E})->env;
    is $env->{RETRY_URL}, base(LOCAL) . '/saml/login?target=%2fapp%2fpage.html%3fa%3d1%26b%3d%27%2522%253E',
        'the way on holds nothing that could break a page';
    is_logged({ reference => $env->{REFERENCE} }, 'status');
};

subtest 'ErrorDocument: hooks and other statuses' => sub {
    my $browser = browser_at(LOCAL);
    $t->login($browser, '/app/page.html');
    my $env = $browser->get('/app/few/page.html')->env;

    is_deeply [@$env{qw(STATUS RETRY RETRY_URL)}], ['access-denied', 'Sign in as someone else',
        base(LOCAL) . '/saml/logout?target=%2fapp%2ffew%2fpage.html'], 'Require says no';
    like $t->httpd->log_text, qr/access denied \($env->{REFERENCE}\)/, 'under the same reference';
    $env = $browser->get('/nameless')->env;
    is $env->{STATUS}, 'claim', 'a session without a user';
    is_logged({ reference => $env->{REFERENCE} }, 'claim');
    my $reply = $browser->post('/saml/acs', [RelayState => 'x'], cross_site => 1);
    is $reply->status, 400, 'what is no answer';
    is $reply->env->{STATUS}, 'request', 'is 400';
    is_logged({ reference => $reply->env->{REFERENCE} }, 'request');
};

subtest 'ErrorDocument: 503' => sub {
    my $reply = browser_at(UNKNOWING)->get('/app/page.html?a=1');
    my $env = $reply->env;

    is $reply->status, 503, 'as nothing is known of the identity provider yet';
    is $reply->header('Retry-After'), 30, 'it says when to try again';
    is_deeply [@$env{qw(STATUS RETRY RETRY_URL)}], ['metadata', 'Sign in again',
        base(UNKNOWING) . '/saml/login?target=%2fapp%2fpage.html%3fa%3d1'], 'and where';
    is_logged({ reference => $env->{REFERENCE} }, 'metadata');
};

subtest "a claim cannot pass for ours" => sub {
    my $browser = browser_at(CGI);
    my $request = $t->request_of($browser->get('/app/page.html'));

    $t->deliver($browser, $request, $t->response_to($request,
        attributes => [['error_message', ['forged']], ['error_code', ['forged']], ['error_status', ['forged']]]));
    my $reply = $browser->get('/app/few/page.html');
    like $reply->body, qr/^REDIRECT_SAML_ERROR_STATUS=access-denied$/m, 'a CGI sees our variables';
    unlike $reply->body, qr/^REDIRECT_SAML_ERROR_(?:MESSAGE|CODE|STATUS)=forged/m, 'and none that a claim made';
    is $reply->status, 403, 'with the status of the refusal';
    $reply = $browser->get('/app/missing');
    is $reply->status, 404, 'what is no refusal';
    unlike $reply->body, qr/^REDIRECT_SAML_ERROR_(?:MESSAGE|CODE|STATUS)=/m, 'has none of them, be there claims of such names or not';
};

subtest 'ErrorDocument: a text' => sub {
    my $reply = failed(TEXT, 'AADSTS50105');

    is $reply->status, 403, 'with the status of the refusal';
    my ($reference) = $reply->body =~ /^Reference ([0-9a-f]{12}), status\.$/;
    ok defined $reference, 'has the variables too';
    is_logged({ reference => $reference }, 'status');
};

subtest 'ErrorDocument: elsewhere' => sub {
    my $reply = failed(ELSEWHERE, 'AADSTS50105');

    is $reply->status, 302, 'a redirect';
    my ($reference) = $reply->header('Location') =~ m{^https://help\.example/\?ref=([0-9a-f]{12})$};
    ok defined $reference, 'that can carry the reference';
    is_logged({ reference => $reference }, 'status');
};

subtest 'ErrorDocument: in a place that refuses as well' => sub {
    my $reply = failed(GUARDED, 'AADSTS50105');
    my $page = page_of($reply);

    is $reply->status, 403, 'the refusal itself is answered';
    like $page->{text}, qr/^AADSTS50105: /m, 'by our own page';
    is $reply->form, undef, 'no new sign-on';
    is_logged($page, 'status');
    like $t->httpd->log_text, qr{the ErrorDocument of refusal \($page->{reference}\), /app/sorry\.html, is in a place}, 'and the log says why';
    my $browser = browser_at(GUARDED);
    $reply = $browser->post('/saml/acs', [RelayState => 'x'], cross_site => 1);
    is $reply->status, 400, 'one that is the sign-on';
    is page_of($reply)->{reason}, 'request', 'does not begin one';
    is_logged(page_of($reply), 'request');
    $t->login($browser, '/app/page.html');
    is $browser->get('/app/few/page.html')->body, 'sorry from inside', 'whoever may see it, sees it';
    $browser = browser_at(GUARDED);
    my $script = $browser->fetch('/app/page.html');
    is $script->status, 401, 'scripts are answered';
    is $script->json->{reason}, 'no session', 'as ever';
};

subtest 'the examples of the manual' => sub {
    my $browser = browser_at(OWN);

    $t->login($browser, '/app/page.html');
    for my $kind ('ssi', 'cgi') {
        my $reply = $browser->get("/manual-$kind");

        is $reply->status, 403, "$kind: 403";
        like $reply->header('Content-Type'), qr{^text/html}, 'a page';
        like $reply->body, qr{<title>You do not have access</title>\s*<h1>You do not have access</h1>\s*<p>You are signed in, but}, 'with the words';
        unlike $reply->body, qr/echo|\(none\)|error occurred/, 'that runs through';
        my ($reference) = $reply->body =~ /([0-9a-f]{12})/;
        like $t->httpd->log_text, qr/access denied \($reference\)/, 'and the reference';
    }
    my ($got) = $browser->get('/manual-proxy')->body =~ /^X-Reference: ([0-9a-f]{12})\r?$/m;
    ok defined $got, 'a backend gets it in a header';
    like $t->httpd->log_text, qr/access denied \($got\)/, 'the one of the log';
    my $url = base(OWN);
    like $browser->get('/manual-ssi')->body, qr{<a href="\Q$url\E/saml/logout\?target=%2fmanual-ssi">Sign in as someone else</a>}, 'and the way on';
};

subtest 'variables for the access log' => sub {
    my $reply = failed(OWN, 'AADSTS50105');
    my $reference = page_of($reply)->{reference};

    is_logged(page_of($reply), 'status');
    open my $log, '<', $t->dir . '/refusals_log' or die "refusals_log: $!";
    like join('', <$log>), qr/^403 status $reference$/m, 'with our own page, too';
};

$t->tolerate_log(qr{metadata of https://127\.0\.0\.1:1/metadata: not fetched \[metadata\]});
$t->expect_log(qr/AH01631: user .*: authorization failure for/);
$t->finish;
done_testing;
