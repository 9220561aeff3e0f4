/* PUB to SUB over epgm with libzmq, one role per process; multicast.ts says what the roles are. */
#include "libzmq_common.h"
#include <stdint.h>

#define MOST_LATENCIES 1000000

static void publish (void *socket, size_t size)
{
    for (;;)
        send_new (socket, size, 0);
}

static uint64_t nanoseconds (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (uint64_t) time.tv_sec * 1000000000u + (uint64_t) time.tv_nsec;
}

static void tick (void *socket, size_t size)
{
    char body[65536] = {0};
    for (uint64_t next = nanoseconds ();; next += 1000000) {
        while (nanoseconds () < next)
            usleep (100);
        uint64_t now = nanoseconds ();
        memcpy (body, &now, sizeof now);
        check (zmq_send (socket, body, size, 0), "zmq_send");
    }
}

static int by_size (const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static void watch (void *socket, double seconds)
{
    static double latencies[MOST_LATENCIES];
    char body[65536];
    int count = 0;
    for (double end = now_seconds () + seconds; now_seconds () < end && count < MOST_LATENCIES;) {
        uint64_t sent;
        check (zmq_recv (socket, body, sizeof body, 0), "zmq_recv");
        memcpy (&sent, body, sizeof sent);
        latencies[count++] = (double) (nanoseconds () - sent) / 1e6;
    }
    qsort (latencies, (size_t) count, sizeof *latencies, by_size);
    printf ("{\"count\":%d,\"median\":%.6f,\"p99\":%.6f}\n", count, latencies[(count - 1) / 2], latencies[(int) ((count - 1) * 0.99)]);
}

int main (int argc, char **argv)
{
    begin (argc, argv);
    const char *role = setting ("role", "");
    size_t size = (size_t) atol (setting ("size", "100"));
    double seconds = atof (setting ("seconds", "1"));
    int sends = strcmp (role, "pub") == 0 || strcmp (role, "ticker") == 0;
    void *context = zmq_ctx_new ();
    void *socket = zmq_socket (context, sends ? ZMQ_PUB : ZMQ_SUB);
    set_int (socket, ZMQ_RATE, atoi (setting ("rate", "100")));
    set_int (socket, ZMQ_RECOVERY_IVL, atoi (setting ("recovery", "10000")));
    set_int (socket, sends ? ZMQ_SNDBUF : ZMQ_RCVBUF, 4 << 20);
    if (sends)
        set_int (socket, ZMQ_XPUB_NODROP, 1);
    else {
        set_int (socket, ZMQ_RCVHWM, 100000);
        check (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "", 0), "zmq_setsockopt");
    }
    check (zmq_connect (socket, setting ("endpoint", "")), "zmq_connect");
    printf ("{\"ready\":1}\n");
    if (strcmp (role, "pub") == 0)
        publish (socket, size);
    if (strcmp (role, "ticker") == 0)
        tick (socket, size);
    if (strcmp (role, "watcher") == 0)
        watch (socket, seconds);
    else
        receive_and_report (socket, size, seconds);
    return 0;
}
