<?php
// A peer over php-zmq, PHP's binding of libzmq; ../../interop/peers/README.md says what it understands.

const PERIOD = 65521;
const SHOWN = 32;
const TYPES = [
    'PAIR' => 0, 'PUB' => 1, 'SUB' => 2, 'REQ' => 3, 'REP' => 4, 'DEALER' => 5, 'ROUTER' => 6, 'PULL' => 7, 'PUSH' => 8, 'XPUB' => 9, 'XSUB' => 10,
];
const NUMBERS = ['linger' => 17, 'plainServer' => 44, 'curveServer' => 47];
const BYTES = [
    'routingId' => 5, 'plainUsername' => 45, 'plainPassword' => 46, 'curvePublicKey' => 48, 'curveSecretKey' => 49, 'curveServerKey' => 50,
];
const RCVTIMEO = 27;
const SNDTIMEO = 28;

ini_set('memory_limit', '1G');
$block = '';
for ($i = 0, $x = 1; $i < PERIOD; $i++) {
    $x = ($x * 1664525 + 1013904223) & 0xffffffff;
    $block .= chr($x >> 24);
}
$context = new ZMQContext(1, false);
$sockets = [];

function pattern(int $size, int $seed): string
{
    global $block;
    $at = $seed % PERIOD;
    return substr(str_repeat($block, intdiv($at + $size, PERIOD) + 1), $at, $size);
}

function bytes(string $text): string
{
    return hex2bin(substr($text, 1));
}

function framesOf(string $text): array
{
    $frames = [];
    foreach (explode(',', $text) as $frame) {
        if ($frame[0] === 'x') {
            $frames[] = bytes($frame);
            continue;
        }
        $parts = preg_split('/[:*]/', substr($frame, 1));
        for ($i = 0; $i < (int) ($parts[2] ?? 1); $i++) {
            $frames[] = pattern((int) $parts[0], (int) $parts[1] + $i);
        }
    }
    return $frames;
}

function describe(array $frames): string
{
    return implode(',', array_map(
        fn ($frame) => strlen($frame) <= SHOWN ? 'x' . bin2hex($frame) : sprintf('c%d:%08x', strlen($frame), crc32($frame)),
        $frames
    ));
}

function transmit(ZMQSocket $socket, array $frames): void
{
    if ($socket->sendMulti($frames) === false) {
        throw new RuntimeException('send: no room in time');
    }
}

function receive(ZMQSocket $socket): array
{
    $frames = $socket->recvMulti();
    if ($frames === false) {
        throw new RuntimeException('receive: nothing came in time');
    }
    return $frames;
}

function make(string $type, array $options): ZMQSocket
{
    global $context;
    $socket = new ZMQSocket($context, TYPES[$type]);
    foreach (['timeout=20000', ...$options] as $option) {
        [$name, $value] = explode('=', $option, 2);
        if ($name === 'timeout') {
            $socket->setSockOpt(RCVTIMEO, (int) $value);
            $socket->setSockOpt(SNDTIMEO, (int) $value);
        } elseif (isset(BYTES[$name])) {
            $socket->setSockOpt(BYTES[$name], bytes($value));
        } else {
            $socket->setSockOpt(NUMBERS[$name], (int) $value);
        }
    }
    return $socket;
}

function run(string $command, string $id, string ...$words): array
{
    global $sockets;
    $socket = $sockets[$id] ?? null;
    $results = [];
    switch ($command) {
        case 'socket':
            $sockets[$id] = make(array_shift($words), $words);
            break;
        case 'bind':
            $socket->bind($words[0]);
            $results[] = $words[0];
            break;
        case 'connect':
            $socket->connect($words[0]);
            break;
        case 'subscribe':
            $socket->setSockOpt(ZMQ::SOCKOPT_SUBSCRIBE, bytes($words[0]));
            break;
        case 'send':
            foreach ($words as $message) {
                transmit($socket, framesOf($message));
            }
            break;
        case 'receive':
            for ($i = (int) $words[0]; $i > 0; $i--) {
                $results[] = describe(receive($socket));
            }
            break;
        case 'ask':
            foreach ($words as $message) {
                transmit($socket, framesOf($message));
                $results[] = describe(receive($socket));
            }
            break;
        case 'echo':
            for ($i = (int) $words[0]; $i > 0; $i--) {
                transmit($socket, receive($socket));
            }
            break;
        case 'close':
            unset($sockets[$id], $socket);
            break;
        default:
            throw new RuntimeException("this peer has no command $command");
    }
    return $results;
}

echo 'ready ', phpversion('zmq'), "\n";
while (($line = fgets(STDIN)) !== false) {
    try {
        echo implode(' ', ['ok', ...run(...preg_split('/\s+/', trim($line)))]), "\n";
    } catch (Throwable $error) {
        echo 'error ', preg_replace('/\s+/', ' ', get_class($error) . ': ' . $error->getMessage()), "\n";
    }
}
posix_kill(getmypid(), 9);
