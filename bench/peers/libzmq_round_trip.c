/* Requests and replies with libzmq, one role per process: REQ and REP, DEALER and ROUTER, one request at a time or
   `count` of them in flight. What warms up is not counted. */
#include "libzmq_common.h"

static int compare (const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return x < y ? -1 : x > y;
}

/* Sends back what comes, all frames of it. */
static void echo (void *socket)
{
    zmq_msg_t frame;
    check (zmq_msg_init (&frame), "zmq_msg_init");
    for (;;) {
        check (zmq_msg_recv (&frame, socket, 0), "zmq_msg_recv");
        check (zmq_msg_send (&frame, socket, zmq_msg_more (&frame) ? ZMQ_SNDMORE : 0), "zmq_msg_send");
    }
}

static void trip (void *socket, zmq_msg_t *message, size_t size)
{
    send_new (socket, size, 0);
    check (zmq_msg_recv (message, socket, 0), "zmq_msg_recv");
    if (size >= LARGE_BYTES)
        touch (message, size);
}

static void one_at_a_time (void *socket)
{
    size_t size = size_setting (), room = 1 << 20, count = 0;
    double seconds = seconds_setting ();
    double *durations = malloc (room * sizeof (double));
    zmq_msg_t message;
    check (zmq_msg_init (&message), "zmq_msg_init");
    trip (socket, &message, size);
    double began = now_seconds (), end = began;
    while (end - began < WARM_UP_SECONDS + seconds && count < room) {
        double start = now_seconds ();
        trip (socket, &message, size);
        end = now_seconds ();
        if (end - began > WARM_UP_SECONDS)
            durations[count++] = (end - start) * 1e6;
    }
    qsort (durations, count, sizeof (double), compare);
    printf ("{\"count\":%zu,\"median\":%.2f,\"p99\":%.2f}\n", count, durations[count / 2], durations[(size_t) ((double) count * 0.99)]);
    fflush (stdout);
}

static void pipelined (void *socket, int in_flight)
{
    size_t size = size_setting ();
    struct meter meter;
    zmq_msg_t message;
    meter_init (&meter, size, seconds_setting ());
    check (zmq_msg_init (&message), "zmq_msg_init");
    for (int i = 0; i < in_flight; i++)
        send_new (socket, size, 0);
    for (;;) {
        check (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
        if (meter_count (&meter, &message))
            break;
        send_new (socket, size, 0);
    }
    meter_report (&meter);
}

int main (int argc, char **argv)
{
    begin (argc, argv);
    void *context = zmq_ctx_new ();
    const char *endpoint = setting ("endpoint", "");
    int reply = is_role ("reply");
    if (reply || is_role ("router") || is_role ("worker")) {
        void *socket = zmq_socket (context, reply ? ZMQ_REP : is_role ("router") ? ZMQ_ROUTER : ZMQ_DEALER);
        if (is_role ("worker"))
            check (zmq_connect (socket, endpoint), "zmq_connect");
        else
            bind_and_report (socket, endpoint);
        echo (socket);
    }
    void *socket = zmq_socket (context, is_role ("request") ? ZMQ_REQ : ZMQ_DEALER);
    check (zmq_connect (socket, endpoint), "zmq_connect");
    if (is_role ("pipeline"))
        pipelined (socket, count_setting ());
    else
        one_at_a_time (socket);
    _exit (0);
}
