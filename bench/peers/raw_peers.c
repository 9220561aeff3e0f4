/* `count` plain TCP connections that shake hands as DEALERs (ZMTP 3.0, NULL) and count what comes. They are the other
   side of every ROUTER that is measured with many peers, and cost as little as can be, so that the ROUTER is what is
   measured.

   Each sends:    greeting (64) | READY: 04 length ... | message: 00 05 hello
   Each gets:     greeting (64) | READY: 04 length ... | messages of `size` octets: 00 size ...

   READY goes out when the greeting has come, the message when READY has come. */
#include "libzmq_common.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define GREETING 64
/* Greeting, and the first two octets of READY, which say how long it is. */
#define ANNOUNCED (GREETING + 2)

static const char READY[] = "\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06" "DEALER";
static const char HELLO[] = "\x00\x05hello";

struct peer {
    int fd;
    size_t received;
    size_t skip; /* Octets before the first message; 0: not known yet. */
};

static void fail (const char *what)
{
    perror (what);
    exit (1);
}

static void put (int fd, const char *data, size_t length)
{
    if (write (fd, data, length) != (ssize_t) length)
        fail ("write");
}

static int dial (const char *endpoint)
{
    static const char greeting[GREETING] = {(char) 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, 'N', 'U', 'L', 'L'};
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        fail ("socket");
    inet_pton (AF_INET, "127.0.0.1", &address.sin_addr);
    address.sin_port = htons ((unsigned short) atoi (strrchr (endpoint, ':') + 1));
    if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
        fail ("connect");
    put (fd, greeting, sizeof greeting);
    return fd;
}

/* Octets of messages in what a peer has just got; goes on with the handshake. */
static size_t messages_in (struct peer *peer, const unsigned char *data, size_t length)
{
    size_t before = peer->received;
    peer->received += length;
    if (before < GREETING && peer->received >= GREETING)
        put (peer->fd, READY, sizeof READY - 1);
    if (peer->skip == 0 && peer->received >= ANNOUNCED)
        peer->skip = ANNOUNCED + (before < ANNOUNCED ? data[ANNOUNCED - 1 - before] : 0);
    if (peer->skip == 0 || peer->received < peer->skip)
        return 0;
    if (before < peer->skip)
        put (peer->fd, HELLO, sizeof HELLO - 1);
    return peer->received - (before > peer->skip ? before : peer->skip);
}

int main (int argc, char **argv)
{
    begin (argc, argv);
    int count = count_setting (), set = epoll_create1 (0);
    size_t frame = size_setting () + 2;
    struct peer *peers = calloc ((size_t) count, sizeof *peers);
    struct epoll_event events[256];
    unsigned char *buffer = malloc (1 << 18);
    double first = 0, started = 0, cpu = 0, seconds = seconds_setting ();
    size_t octets = 0;
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &peers[i]};
        peers[i].fd = dial (setting ("endpoint", ""));
        if (epoll_ctl (set, EPOLL_CTL_ADD, peers[i].fd, &event) < 0)
            fail ("epoll_ctl");
    }
    for (;;) {
        int ready = epoll_wait (set, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            struct peer *peer = events[i].data.ptr;
            ssize_t length = read (peer->fd, buffer, 1 << 18);
            if (length == 0) {
                fprintf (stderr, "a connection was closed by the ROUTER\n");
                return 1;
            }
            if (length < 0 && errno != EAGAIN && errno != EINTR)
                fail ("read");
            if (length > 0)
                octets += messages_in (peer, buffer, (size_t) length);
        }
        if (octets == 0)
            continue;
        double now = now_seconds ();
        if (first == 0)
            first = now;
        if (started == 0 && now - first >= WARM_UP_SECONDS) {
            started = now;
            octets = 0;
            cpu = cpu_seconds ();
            printf ("{\"started\":1}\n");
        } else if (started > 0 && now - started >= seconds) {
            printf ("{\"messages\":%zu,\"seconds\":%.6f,\"cpu\":%.6f}\n", octets / frame, now - started, cpu_seconds () - cpu);
            for (;;)
                pause (); /* A ROUTER that lost its peers would fail before it is asked what it used. */
        }
    }
}
