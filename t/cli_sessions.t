#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# saml-sso sessions beside a running httpd: who is signed on, ending all sessions of a user, and what it says where it cannot.
use strict;
use warnings;
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;
use SSOTest;
use SSOTest::Redis;

my $cli = $ENV{SSO_CLI} or BAIL_OUT('SSO_CLI: expected the path of saml-sso, got none');
my $time = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/;

# (exit code, standard output, standard error)
sub run
{
    my ($t, @args) = @_;
    my $said = $t->dir . '/cli.stderr';
    my $pid = open(my $from, '-|') // die "fork: $!";

    if (!$pid) {
        open STDERR, '>', $said or die "$said: $!";
        exec $cli, 'sessions', @args or die "$cli: $!";
    }
    my $out = do { local $/; readline($from) // '' };
    close $from;
    my $code = $? >> 8;
    open my $file, '<', $said or die "$said: $!";
    return ($code, $out, do { local $/; readline($file) // '' });
}

sub is_in { my ($browser, $path) = @_; return $browser->get($path)->body eq 'in ' . substr $path, 1 }

sub server
{
    my ($store) = @_;

    return SSOTest->new(prepare => sub { $_[0]->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(app other) },
        conf => "SAMLSessionStore $store\n" . saml_conf() . <<'CONF');
<SAMLApplication other>
    SAMLIdentifier https://app.example/other
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/other/acs
</SAMLApplication>
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
<Location "/other">
    AuthType SAML
    SAMLApplication other
    SAMLUser nameid strip-domain=example.org
    Require valid-user
</Location>
CONF
}

subtest 'lmdb' => sub {
    my $t = server('lmdb:@ROOT@/sessions');
    my @store = ('--store', 'lmdb:' . $t->dir . '/sessions');

    my $owner = (stat $t->dir . '/sessions/data.mdb')[4];
    my ($code, $out, $err) = run($t, '--list', @store);
    is_deeply [$code, $out, $err], [0, "0 sessions\n", ''], 'nobody is signed on';
    my ($ada, $there, $bob) = ($t->signed_on('/app', user => 'ada'), $t->signed_on('/other', user => 'Ada'), $t->signed_on('/app', user => 'bob'));
    ($code, $out, $err) = run($t, '--list', @store);
    is $code, 0, 'the list';
    is $err, '', 'without complaint';
    like $out, qr/^NAME ID +APPLICATION +BEGAN +LAST USED +ENDS$/m, 'has a heading';
    like $out, qr/^ada\@example\.org +default +$time  +\S.*  +in \S+ \w+.*$/m, 'a line for each session';
    like $out, qr/^Ada\@example\.org +other +$time/m, 'with its application';
    like $out, qr/^\n?3 sessions$/m, 'and how many there are';

    ($code, $out) = run($t, '--list', '--json', @store);
    my $list = decode_json($out);
    is $list->{count}, 3, 'as JSON';
    is_deeply [sort map { "$_->{name_id} $_->{application} $_->{identifier}" } @{ $list->{sessions} }],
        ['Ada@example.org other https://app.example/other', 'ada@example.org default https://app.example/saml',
            'bob@example.org default https://app.example/saml'], 'the same sessions';
    is scalar(grep { $list->{sessions}[0]{$_} =~ /^$time$/ } qw(began last_used ends ends_at_the_latest)), 4, 'with their times';

    ($code, $out) = run($t, '--list', @store, 'ADA@example.org');
    is $code, 0, 'of one user';
    like $out, qr/\n2 sessions$/, 'in all applications, however his name is spelled';
    unlike $out, qr/bob/, "and nobody else's";
    is((run($t, '--list', '--json', @store, 'ada'))[0], 0, 'by the name that a SAMLUser makes of it');

    ($code, $out, $err) = run($t, '--end', 'ada@example.org', @store);
    is_deeply [$code, $out, $err], [0, "2 sessions of ada\@example.org ended\n", ''], 'a user is ended';
    ok !is_in($ada, '/app') && !is_in($there, '/other'), 'in all applications, at once';
    ok is_in($bob, '/app'), 'and nobody else';
    is_deeply [run($t, '--end', 'ada@example.org', @store)], [1, "0 sessions of ada\@example.org ended\n", ''], 'there are none any more';
    is_deeply [run($t, '--list', @store, 'ada@example.org')], [1, "0 sessions\n", ''], 'nor in the list';
    is_deeply [run($t, '--list', '--json', @store, 'nobody')], [1, qq({"sessions":[],"count":0}\n), ''], 'as JSON too';
    ok is_in($t->signed_on('/app', user => 'ada'), '/app'), 'he may come again';
    is decode_json((run($t, '--end', 'bob', '--json', @store))[1])->{ended}, 1, 'every session has the names of every place';

    my @files = map { my @is = stat $_->[1]; "$_->[0] " . sprintf '%04o %d', $is[2] & 07777, $is[4] } map { [$_, $t->dir . "/sessions/$_"] } qw(data.mdb lock.mdb);
    is_deeply \@files, [map { "$_ 0600 $owner" } qw(data.mdb lock.mdb)], 'the files are as they were, and whose they were';
    ok is_in($t->signed_on('/app', user => 'eve'), '/app'), 'httpd goes on';
    $t->httpd->stop;
    like((run($t, '--list', @store))[1], qr/^eve\@/m, 'what there is can be seen when httpd has ended');
    $t->finish;
};

subtest 'many' => sub {
    my $t = server('lmdb:@ROOT@/sessions');
    my @store = ('--store', 'lmdb:' . $t->dir . '/sessions');
    my @in = map { $t->signed_on('/app', user => 'crowd') } 1 .. 30;

    is_deeply [run($t, '--end', 'crowd@example.org', @store)], [0, "30 sessions of crowd\@example.org ended\n", ''], 'of one user';
    is scalar(grep { is_in($_, '/app') } @in), 0, 'all have ended';
    $t->finish;
};

subtest 'cookie' => sub {
    my $t = server('cookie:lmdb:@ROOT@/small');
    my @store = ('--store', 'cookie:lmdb:' . $t->dir . '/small');
    my ($ada, $bob) = map { $t->signed_on('/app', user => $_) } qw(ada bob);

    my ($code, $out, $err) = run($t, '--list', @store);
    is $code, 2, 'there is no list';
    is $out, '', 'nothing that looks like one';
    like $err, qr/browsers carry the sessions, so whose they are is not known here; those of a user can be ended all the same, with --end/, 'and why';
    ($code, $out) = run($t, '--end', 'Ada@example.org', @store);
    is $code, 0, 'a user is ended';
    like $out, qr/^every session of Ada\@example\.org has ended; 1 of them began on servers that share this store/, 'and it says what it knows';
    ok !is_in($ada, '/app'), 'his session has ended';
    ok is_in($bob, '/app'), "nobody else's";
    is decode_json((run($t, '--end', 'nobody', '--json', @store))[1])->{complete}, JSON::PP::false, 'who may have begun elsewhere';
    $t->finish;
};

subtest 'redis' => sub {
    my $redis = SSOTest::Redis->start(dir => tempdir(CLEANUP => 1) . '/redis');
    my $spec = 'redis://127.0.0.1:' . $redis->port . '/0';
    my $t = server("$spec timeout=5s");
    my ($ada, $bob) = map { $t->signed_on('/app', user => $_) } qw(ada bob);
    my @store = ('--store', "$spec timeout=5s");

    my ($code, $out, $err) = run($t, '--list', @store);
    is $code, 0, 'the list';
    like $out, qr/^ada\@example\.org +default +$time +\S.* +in \S+ \w+.*\n/m, 'has who is signed on';
    like $out, qr/\n2 sessions$/, 'and how many there are';
    is_deeply [run($t, '--end', 'ada@example.org', @store)], [0, "1 session of ada\@example.org ended\n", ''], 'a user is ended';
    ok !is_in($ada, '/app'), 'at once';
    ok is_in($bob, '/app'), 'and nobody else';
    is_deeply [run($t, '--list', '--json', @store, 'ada@example.org')], [1, qq({"sessions":[],"count":0}\n), ''], 'nor is he in the list';
    $t->finish;
    $redis->end;
};

subtest 'what cannot be' => sub {
    my $t = server('lmdb:@ROOT@/sessions');
    my $dir = $t->dir;

    mkdir "$dir/empty" or die "$dir/empty: $!";
    for my $case (
        [[], qr/expected one of --list and --end USER, got none/],
        [['--list', '--end', 'ada'], qr/expected one of --list and --end USER, got both/],
        [['--end', 'ada', 'bob'], qr/expected one USER to end, got "bob" too/],
        [['--end', 'ada', '--end', 'bob'], qr/--end: expected once, got "bob" too/],
        [['--list', 'ada', 'bob'], qr/USER: expected once, got "bob" too/],
        [['--list', 'a' x 1025], qr/USER: expected 1 to 1024 octets/],
        [['--list', '--store', 'l' x 1025], qr/--store: expected at most 1024 characters/],
        [['--end'], qr/--end: expected a user, got nothing/],
        [['--list', '--store', 'lmbd'], qr/--store: session store: expected one of lmdb, redis, rediss, cookie, with ":" .* got "lmbd"/],
        [['--list', '--store', "lmdb:$dir/nowhere"], qr/expected a session store in \S+nowhere, which httpd makes when it starts, got: No such file/],
        [['--list', '--store', "lmdb:$dir/empty"], qr/expected a session store in \S+empty, which httpd makes when it starts, got: No such file/],
        [['--end', 'ada', '--store', 'redis://127.0.0.1:1/0'], qr/the session store redis:\S+: /],
        [['--list', '--store', 'socache:shmcb'], qr/sessions in socache:shmcb are httpd's own, in its memory or under its mutex, where no command gets/],
    ) {
        my ($code, $out, $err) = run($t, @{ $case->[0] });

        is_deeply [$code, $out], [2, ''], "@{$case->[0]}: exit code 2" =~ s/(.{90}).+/$1.../r;
        like $err, $case->[1], 'and why';
    }
    is join(' ', glob "$dir/empty/* $dir/nowhere*"), '', 'nothing was made';
    my ($code, $out) = run($t, '--help');
    is $code, 0, 'help';
    like $out, qr/^Usage: saml-sso sessions --list .*^Exit status: .*^Example:/ms, 'with usage, codes and an example';
    $t->finish;
};

# Somebody may have prepared it for root to look at.
subtest 'a folder that others can write in, or have' => sub {
    my $t = server('lmdb:@ROOT@/sessions');
    my $folder = $t->dir . '/sessions';
    my @was = stat $folder;
    my $mode = $was[2] & 07777;
    my @wrong = map { my $with = $mode | $_; [sub { chmod $with, $folder }, qr/expected nobody but its owner to write in it, got mode 0\d+; chmod go-w \S+sessions;/] } 020, 02;

    push @wrong, [sub { chown 2, -1, $folder }, qr/expected it to belong to root or to the server's user, got user 2;/] if !$>;
    for my $case (@wrong) {
        ok $case->[0]->(), 'a folder is changed';
        my ($code, $out, $err) = run($t, '--list', '--store', "lmdb:$folder");
        is_deeply [$code, $out], [2, ''], 'nothing is read in it';
        like $err, qr/$case->[1] httpd -t -D DUMP_SAML says where its session store is/, 'and it is said why, and what to do';
        chown $was[4], $was[5], $folder;
        chmod $mode, $folder;
    }
    is((run($t, '--list', '--store', "lmdb:$folder"))[1], "0 sessions\n", 'as httpd made it, it is read');
    $t->finish;
};

done_testing;
