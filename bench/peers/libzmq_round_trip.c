/* REQ and REP with libzmq, one role per process. The first half second warms up and is not counted. */
#include "libzmq_common.h"

#define WARM_UP 0.5

static int compare (const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return x < y ? -1 : x > y;
}

static void reply (void *socket)
{
    zmq_msg_t message;
    bind_and_report (socket, setting ("endpoint", ""));
    check (zmq_msg_init (&message), "zmq_msg_init");
    for (;;) {
        check (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
        check (zmq_msg_send (&message, socket, 0), "zmq_msg_send");
    }
}

static void trip (void *socket, size_t size)
{
    zmq_msg_t message;
    send_new (socket, size);
    check (zmq_msg_init (&message), "zmq_msg_init");
    check (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
    zmq_msg_close (&message);
}

static void request (void *socket)
{
    size_t size = (size_t) atol (setting ("size", "10"));
    double seconds = atof (setting ("seconds", "1"));
    size_t room = 1 << 20, count = 0;
    double *durations = malloc (room * sizeof (double));
    check (zmq_connect (socket, setting ("endpoint", "")), "zmq_connect");
    trip (socket, size);
    double began = now_seconds (), end = began;
    while (end - began < WARM_UP + seconds && count < room) {
        double start = now_seconds ();
        trip (socket, size);
        end = now_seconds ();
        if (end - began > WARM_UP)
            durations[count++] = (end - start) * 1e6;
    }
    qsort (durations, count, sizeof (double), compare);
    printf ("{\"count\":%zu,\"median\":%.2f,\"p99\":%.2f}\n", count, durations[count / 2], durations[(size_t) ((double) count * 0.99)]);
}

int main (int argc, char **argv)
{
    begin (argc, argv);
    void *context = zmq_ctx_new ();
    if (strcmp (setting ("role", ""), "reply") == 0)
        reply (zmq_socket (context, ZMQ_REP));
    else
        request (zmq_socket (context, ZMQ_REQ));
    fflush (stdout);
    _exit (0);
}
