# A peer over ZMQ::FFI, Perl's binding of libzmq; ../../interop/peers/README.md says what it understands.
use strict;
use warnings;
use Compress::Zlib qw(crc32);
use ZMQ::FFI;
use ZMQ::FFI::Constants qw(:all);

my ($PERIOD, $SHOWN) = (65521, 32);
my %NUMBERS = (linger => 17, plainServer => 44, curveServer => 47);
my %BYTES = (
    routingId => 5, plainUsername => 45, plainPassword => 46,
    curvePublicKey => 48, curveSecretKey => 49, curveServerKey => 50,
);
my %TYPES = (
    PAIR => 0, PUB => 1, SUB => 2, REQ => 3, REP => 4, DEALER => 5, ROUTER => 6, PULL => 7, PUSH => 8, XPUB => 9, XSUB => 10,
);
my ($RCVTIMEO, $SNDTIMEO) = (27, 28);

my $PATTERN = '';
{
    my $x = 1;
    for (1 .. $PERIOD) {
        $x = ($x * 1664525 + 1013904223) & 0xffffffff;
        $PATTERN .= chr($x >> 24);
    }
}

my $context = ZMQ::FFI->new();
my %sockets;

sub pattern {
    my ($size, $seed) = @_;
    my $at = $seed % $PERIOD;
    return substr($PATTERN x (int(($at + $size) / $PERIOD) + 1), $at, $size);
}

sub bytes { return pack('H*', substr($_[0], 1)) }

sub frames_of {
    my ($text) = @_;
    return map {
        my $frame = $_;
        if ($frame =~ /^x/) { bytes($frame) }
        else {
            my ($size, $seed, $count) = $frame =~ /^p(\d+):(\d+)(?:\*(\d+))?$/ or die "not a frame: $frame\n";
            map { pattern($size, $seed + $_) } 0 .. ($count // 1) - 1;
        }
    } split /,/, $text;
}

sub describe {
    return join ',', map { length($_) <= $SHOWN ? 'x' . unpack('H*', $_) : sprintf('c%d:%08x', length($_), crc32($_)) } @_;
}

sub make {
    my ($type, @options) = @_;
    my $socket = $context->socket($TYPES{$type} // die "no type $type\n");
    for ('timeout=20000', @options) {
        my ($name, $value) = split /=/, $_, 2;
        if ($name eq 'timeout') {
            $socket->set($_, 'int', $value) for $RCVTIMEO, $SNDTIMEO;
        }
        elsif (exists $BYTES{$name}) { $socket->set($BYTES{$name}, 'binary', bytes($value)) }
        else { $socket->set($NUMBERS{$name} // die("no option $name\n"), 'int', $value) }
    }
    return $socket;
}

sub run {
    my ($command, $id, @words) = @_;
    my $socket = $sockets{$id};
    if ($command eq 'socket') { $sockets{$id} = make(@words); return }
    if ($command eq 'bind') { $socket->bind($words[0]); return $words[0] }
    if ($command eq 'connect') { $socket->connect($words[0]); return }
    if ($command eq 'subscribe') { $socket->subscribe(bytes($words[0])); return }
    if ($command eq 'send') { $socket->send_multipart([frames_of($_)]) for @words; return }
    if ($command eq 'receive') { return map { describe($socket->recv_multipart()) } 1 .. $words[0] }
    if ($command eq 'ask') {
        return map { $socket->send_multipart([frames_of($_)]); describe($socket->recv_multipart()) } @words;
    }
    if ($command eq 'echo') { $socket->send_multipart([$socket->recv_multipart()]) for 1 .. $words[0]; return }
    if ($command eq 'close') { $socket->close(); delete $sockets{$id}; return }
    die "this peer has no command $command\n";
}

$| = 1;
print 'ready ', join('.', $context->version()), "\n";
while (my $line = <STDIN>) {
    my @result = eval { run(split ' ', $line) };
    my $fault = $@;
    if ($fault) { $fault =~ s/\s+/ /g; print "error $fault\n" }
    else { print join(' ', 'ok', @result), "\n" }
}
$| = 1;
require POSIX;
POSIX::_exit(0);
