#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The default store under httpd: swept beside the requests, killed without a word, damaged, and on a disk that is full.
use strict;
use warnings;
use File::Spec;
use File::Temp ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use SSOTest;

my $pages = <<'CONF';
LogLevel saml_sso:debug
SAMLSessionStore "lmdb:@STORE@/s"
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Location "/who.shtml">
    AuthType SAML
    Require valid-user
</Location>
CONF

# In memory where there is such a place: a test waits for a disk at each change.
my $folder;
sub server
{
    my ($more, %o) = @_;

    $folder = File::Temp->newdir('mod_saml_sso-XXXXXXXX', DIR => -d '/dev/shm' && -w _ ? '/dev/shm' : File::Spec->tmpdir);
    chmod 0755, "$folder";
    my $text = saml_conf() . $pages . $more;
    $text =~ s/\@STORE\@/$folder/;
    return SSOTest->new(modules => [qw(include filter)], conf => $text, %o, prepare => sub {
        my ($t) = @_;

        $t->httpd->write_file('htdocs/who.shtml', "user=<!--#echo var=\"REMOTE_USER\" -->.\n", 0644);
    });
}

sub user_of { my ($browser) = @_; return $browser->get('/who.shtml')->body =~ /\Auser=(.*)\@example\.org\.$/m ? $1 : 'nobody' }

sub within
{
    my ($seconds, $test) = @_;
    my $until = time + $seconds;

    sleep 0.05 while !$test->() && time < $until;
    return $test->();
}

# Each process of this server ends at this moment, in the middle of whatever it does. All are the parent's children.
sub kill_all
{
    my ($httpd) = @_;
    my $parent = $httpd->pid;
    my @children = glob "/proc/$parent/task/*/children";

    kill 'STOP', $parent;
    my @pids = map { open my $from, '<', $_ or (); split ' ', (readline $from) // '' } @children;
    kill 'KILL', @pids, $parent;
    waitpid $parent, 0;
    $httpd->{pid} = undef;
    unlink glob $httpd->dir . '/*.pid';
    within(5, sub { !grep { kill 0, $_ } @pids });
    return scalar @pids;
}

subtest 'what has ended is cleared beside the requests' => sub {
    my $t = server("");
    my $in = $t->signed_on('/who.shtml');
    my $began = time;
    my $short = $t->browser;
    my $request = $t->request_of($short->get('/who.shtml'));

    is $t->deliver($short, $request, $t->response_to($request, user => 'bob', session_not_on_or_after => 4))->status, 303,
        'a session of four seconds';
    ok user_of($short) eq 'bob' || time - $began >= 3, 'that lives';
    ok within(20, sub { $t->httpd->log_text =~ /\/s: cleared \d+ that had ended/ }), 'nobody signs on, and it is cleared';
    is user_of($in), 'ada', 'the other one lives on';
    $t->finish;
};

subtest 'all processes killed, again and again' => sub {
    my $t = server('');
    my @in;

    for my $round (1 .. 3) {
        my $pid = fork // die "fork: $!";

        if (!$pid) {                            # somebody signs on all the time
            eval { $t->signed_on('/who.shtml', user => 'load') for 1 .. 1000 };
            POSIX::_exit(0);
        }
        push @in, [map { [$_, $t->signed_on('/who.shtml', user => $_)] } map { "user$round$_" } qw(a b c)];
        cmp_ok kill_all($t->httpd), '>', 0, "round $round: all are killed";
        kill 'KILL', $pid;
        waitpid $pid, 0;
        $t->httpd->start;
        is join(' ', map { user_of($_->[1]) } map { @$_ } @in), join(' ', map { $_->[0] } map { @$_ } @in), 'every sign-on that was answered is there';
    }
    $t->expect_log(qr/Unclean shutdown of previous Apache run/);
    unlike $t->httpd->log_text, qr/is damaged/, 'and the file was whole each time';
    $t->finish;
};

sub overwrite
{
    my ($path, $from, $len) = @_;

    open my $to, '+<:raw', $path or die "$path: $!";
    seek $to, $from, 0;
    print { $to } 'x' x $len;
    close $to or die "$path: $!";
    return;
}

subtest 'a damaged file' => sub {
    my $t = server('');
    my $path = "$folder/s/data.mdb";
    my $before = $t->signed_on('/who.shtml');
    my $used = $t->browser;
    my $request = $t->request_of($used->get('/who.shtml'));
    my $response = $t->response_to($request);
    my $state = $used->cookie("saml-state-$request->{relay_state}");

    is $t->deliver($used, $request, $response)->status, 303, 'a response is used';
    ok $t->httpd->stop, 'stopped';
    overwrite($path, 8192, (stat $path)[7] - 8192);
    $t->expect_log(qr/\[saml_sso:warn\].* the session store .* is damaged \(.*\); the file was moved aside, to \Q$path\E\.damaged, and a new one begun: everybody signs on again/);
    $t->httpd->start;
    ok -e "$path.damaged", 'it is there to be looked at';
    is user_of($before), 'nobody', 'the session is gone';
    is user_of($t->signed_on('/who.shtml', user => 'bob')), 'bob', 'and a new one begins';

    $used->set_cookie("saml-state-$request->{relay_state}", $state);
    my $again = $t->deliver($used, $request, $response);
    is $again->status, 303, 'the response that was used, while nobody knows of it any more';
    like $again->header('Location'), qr{/saml/login\?.*\bagain=1}, 'begins a new sign-on and no session';

    overwrite($path, 0, 8192);
    $t->httpd->graceful;
    is user_of($t->signed_on('/who.shtml', user => 'eve')), 'eve', 'the same at a reload';
    $t->finish;
};

# No file may grow over so many octets: what a full disk is, whatever the file system and whoever runs the test.
subtest 'no room on the disk' => sub {
    my $t = server('', wrapper => ['prlimit', '--fsize=4500000']);
    my $first = $t->signed_on('/who.shtml', user => 'first');
    my @in = ($first);
    my ($reply, $browser);

    for my $n (1 .. 40) {
        my $attributes = [@{ SSOTest::IdP::attributes("user$n") }, map { ["urn:x:$_", ['v' x 60000]] } 1 .. 8];

        $browser = $t->browser;
        $reply = $t->sign_on($browser, '/who.shtml', user => "user$n", attributes => $attributes);
        last if $reply->status != 303;
        push @in, $browser;
    }
    is $reply->status, 503, 'a new sign-on is refused';
    ok $reply->header('Retry-After'), 'for now';
    $t->refused('store', qr/the session store .* (?:cannot grow, its disk, quota or largest size of a file is reached|could not be written in full: its disk is full, or fails); nothing was dropped for it/);
    cmp_ok scalar(@in), '>', 3, 'after some that had room';
    is user_of($first), 'first', 'who is in stays in';
    (pop @in)->get('/saml/logout') for 1 .. 3;
    is $t->sign_on($t->browser, '/who.shtml', user => 'late')->status, 303, 'and when somebody has gone there is room again';
    ok $t->httpd->restart, 'a restart';
    is user_of($first), 'first', 'finds all that it must';
    $t->finish;
};

done_testing;
