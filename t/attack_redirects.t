#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Open redirects: each target of t/attacks/payloads/targets.txt through every way in, and where a browser would go by the answer.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Target;

my $t = SSOTest->new(prepare => sub { $_[0]->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(closed open) },
    conf => tiles_conf('/closed', 'localhost'));

my $port = $t->httpd->port;
my $own = "http://localhost:$port";
my @targets = SSOTest::Target::all($port);
my %tiles = (acs => "$own/saml/tiles/acs", issuer => 'https://app.example/tiles');

# A name for a test's line: printable, not longer than a line.
sub shown { my ($target) = @_; return length $target->{shown} > 70 ? substr($target->{shown}, 0, 70) . ' ...' : $target->{shown} }

# What holds of every answer, whatever was asked for. Returns the complaints.
sub complaints
{
    my ($reply) = @_;
    my @locations = $reply->headers('Location');
    my @wrong;

    push @wrong, 'status ' . $reply->status if $reply->status !~ /^(?:200|303|400|403|414)$/;    # 414: httpd's own limit
    push @wrong, 'more than one Location' if @locations > 1;
    push @wrong, "Location: $_" for grep { SSOTest::Target::goes($_, $own) ne 'here' } @locations;
    push @wrong, 'a header of the client' if grep { $_->[0] !~ /^(?:Date|Server|Cache-Control|Pragma|Content-\w+|Content-Security-Policy|X-Content-Type-Options|Referrer-Policy|Location|Set-Cookie|Connection|Transfer-Encoding|Vary)$/ } @{ $reply->{headers} };
    push @wrong, 'a cookie of the client' if grep { !/^saml(?:-tiles)?(?:-state-[\w.-]+|-retry)?=/ } $reply->headers('Set-Cookie');
    return @wrong;
}

# Ask by that way for every target; `ask` returns the answer that leads there and the wrong ones are listed.
sub through
{
    my ($way, $ask) = @_;
    my (@wrong, %count);

    for my $target (@targets) {
        my $reply = $ask->($target->{target}, $target);
        my @complaints = complaints($reply);
        my $location = $reply->header('Location');

        if ($target->{answer} eq 'kept') {
            push @complaints, 'expected it kept, got ' . $reply->status . ' ' . ($location // 'no Location') if ($location // '') ne $target->{target};
        } elsif (defined $location) {
            push @complaints, "expected it refused, got Location $location";
        }
        ++$count{ $target->{answer} };
        push @wrong, shown($target) . ': ' . join ', ', @complaints if @complaints;
    }
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is join("\n", @wrong), '', "$way: $count{refused} refused, $count{kept} kept byte for byte";
    return;
}

my $by_query = sub { my ($text) = @_; return SSOTest::Browser::url_encode($text) };
# As little as a query lets one write as it is.
my $bare = sub { my ($text) = @_; return $text =~ s/([^!\$'()*,\/0-9:;=?\@A-Za-z._~-])/sprintf '%%%02x', ord $1/ger };

subtest 'the list' => sub {
    my @odd = grep { $_->{answer} eq 'kept' && $_->{goes} ne 'here' } @targets;
    is scalar(@odd), 0, 'nothing is kept that leads elsewhere';
    cmp_ok scalar(grep { $_->{answer} eq 'refused' } @targets), '>=', 300, 'hostile ones';
    cmp_ok scalar(grep { $_->{answer} eq 'kept' } @targets), '>=', 40, 'genuine ones';
    my @wrong = grep { (SSOTest::Target::goes($_->{target}, $own) eq 'here') != ($_->{goes} eq 'here') } @targets;
    is join("\n", map { shown($_) } @wrong), '', 'the resolver of this test reads them as browsers do';
};

# A session with which login goes straight on.
my $signed_on = $t->browser(host => 'localhost');
$t->login($signed_on, "$own/closed");
my $cookie = $signed_on->cookie('saml');

sub with_session { my ($url) = @_; return $signed_on->get($url, no_cookies => 1, headers => [['Cookie', "saml=$cookie"]]) }

through('login?again', sub { return with_session("$own/saml/login?again=1&target=" . $by_query->($_[0])) });
through('login?again, hardly escaped', sub { return with_session("$own/saml/login?target=" . $bare->($_[0]) . '&again=1') });
through('logout', sub { return $t->browser(host => 'localhost')->get("$own/saml/logout?target=" . $by_query->($_[0])) });
through('logout, hardly escaped', sub { return $t->browser(host => 'localhost')->get("$own/saml/logout?target=" . $bare->($_[0])) });
through('logout by POST', sub { return $t->browser(host => 'localhost')->request('POST', "$own/saml/logout?target=" . $by_query->($_[0]), body => '') });

# Nothing is kept under that name: on to the place.
through('login?resend', sub { return with_session("$own/saml/login?resend=abcdefghijkl&target=" . $by_query->($_[0])) });

# A response that nobody asked for; only what is kept uses one up.
my $spare = $t->response_to(\%tiles);
through('RelayState, unsolicited', sub {
    my ($text, $target) = @_;
    my $response = $target->{answer} eq 'kept' ? $t->response_to(\%tiles) : $spare;
    my $to = $t->browser(host => 'localhost');
    my $reply = $t->deliver($to, { %tiles, relay_state => $text }, $response);
    return $reply;
});

# Of a sign-on begun here, RelayState decides nothing: without the state it names, it begins anew.
subtest 'RelayState of a sign-on begun here' => sub {
    my $at = $t->browser(host => 'localhost');
    my $request = $t->request_of($at->get("$own/closed?here"));
    my $response = $t->response_to($request);
    my @wrong;
    for my $target (@targets) {
        my $reply = $t->deliver($t->browser(host => 'localhost'), { %$request, relay_state => $target->{target} }, $response);
        my $to = $reply->header('Location') // "$own/saml/login?again=1";
        push @wrong, shown($target) . ": $to" if $to ne "$own/saml/login?again=1" || complaints($reply) || grep { /^saml=/ } $reply->headers('Set-Cookie');
    }
    is join("\n", @wrong), '', 'leads to a fresh sign-on or to a refusal';
    is $t->deliver($at, $request, $response)->header('Location'), '/closed?here', 'and the one that was begun is whole';
};

# Through the state cookie: login?target= of a browser without a session, then the whole sign-on.
subtest 'login?target= and the answer' => sub {
    my (@wrong, @back);
    for my $target (@targets) {
        my $at = $t->browser(host => 'localhost');
        my $reply = $at->get("$own/saml/login?target=" . $by_query->($target->{target}));
        my $begun = defined $reply->form;
        push @wrong, shown($target) . ($begun ? ' begins a sign-on' : ' is refused') if $begun != ($target->{answer} eq 'kept');
        push @wrong, shown($target) . ": $_" for complaints($reply);
        push @back, [$target, $at, $t->request_of($reply)] if $begun;
    }
    for (@back) {
        my ($target, $at, $request) = @$_;
        my $location = $t->deliver($at, $request, $t->response_to($request))->header('Location') // 'none';
        push @wrong, shown($target) . ": came back to $location" if $location ne $target->{target};
    }
    is join("\n", @wrong), '', scalar(@back) . ' come back byte for byte, the others begin nothing';
};

# The address asked for is a target too: what it says in the request line comes back after the sign-on.
subtest 'the address of a guarded page' => sub {
    my (@wrong, $asked);
    for my $target (@targets) {
        my $line = $target->{target};
        next if $line =~ /[\x00-\x20\x7f-\xff]/ || length $line > 2000;
        $line = "/closed/$line" if $line !~ m{^[/h]};
        my $at = $t->browser(host => 'localhost');
        my $reply = eval { $at->_exchange({ scheme => 'http', authority => "localhost:$port", port => $port, path => $line, host => 'localhost' },
            "GET $line HTTP/1.1\r\nHost: localhost:$port\r\nAccept: text/html\r\nConnection: close\r\n\r\n", 'GET') };
        ++$asked;
        push @wrong, "$line: $@" if !$reply;
        push @wrong, "$line: Location " . $reply->header('Location') if $reply && defined $reply->header('Location')
            && SSOTest::Target::goes($reply->header('Location'), $own) ne 'here';
    }
    is join("\n", @wrong), '', "$asked request lines";
    for my $line ('//evil.example/../closed', '//closed', '///closed', '/.//closed', '/closed/..//closed', '/closed//evil.example', '/%2e//closed',
        '/closed?x=//evil.example', 'http://evil.example/closed', 'http://evil.example//closed') {
        my $at = $t->browser(host => 'localhost');
        my $reply = $at->_exchange({ scheme => 'http', authority => "localhost:$port", port => $port, path => $line, host => 'localhost' },
            "GET $line HTTP/1.1\r\nHost: localhost:$port\r\nAccept: text/html\r\nConnection: close\r\n\r\n", 'GET');
        my $form = $reply->form;
        ok $form, "$line is guarded" or next;
        $at->take_cookies("$own/", $reply);
        my $request = $t->request_of($reply);
        my $location = $t->deliver($at, $request, $t->response_to($request))->header('Location');
        is SSOTest::Target::goes($location // '//none', $own), 'here', 'and comes back to ' . ($location // 'none');
    }
};

$t->tolerate_log(qr/log(?:in|out) refused \[(?:relay-state|malformed|state-missing)\]|AH\d+: /);
$t->finish;
done_testing;
