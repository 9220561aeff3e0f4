/* Handshakes with libzmq: a doorman (ROUTER) lets two waves of callers (DEALERs) in and answers each; the clock runs
   over the second wave. */
#include "libzmq_common.h"

static double wave (void *socket, int count)
{
    double started = 0;
    for (int i = 0; i < count; i++) {
        char id[256], body[16];
        int length = zmq_recv (socket, id, sizeof id, 0);
        check (length, "zmq_recv");
        if (i == 0)
            started = now_seconds ();
        check (zmq_recv (socket, body, sizeof body, 0), "zmq_recv");
        check (zmq_send (socket, id, (size_t) length, ZMQ_SNDMORE), "zmq_send");
        check (zmq_send (socket, "hello", 5, 0), "zmq_send");
    }
    return now_seconds () - started;
}

static void callers (void *context, int count)
{
    void **sockets = malloc ((size_t) count * sizeof (void *));
    for (int i = 0; i < count; i++) {
        sockets[i] = zmq_socket (context, ZMQ_DEALER);
        protect (sockets[i], 0);
        check (zmq_connect (sockets[i], setting ("endpoint", "")), "zmq_connect");
        check (zmq_send (sockets[i], "hello", 5, 0), "zmq_send");
    }
    for (int i = 0; i < count; i++) {
        char body[16];
        check (zmq_recv (sockets[i], body, sizeof body, 0), "zmq_recv");
    }
    for (int i = 0; i < count; i++)
        zmq_close (sockets[i]);
    free (sockets);
}

int main (int argc, char **argv)
{
    begin (argc, argv);
    void *context = zmq_ctx_new ();
    int count = count_setting ();
    if (is_role ("doorman")) {
        void *socket = zmq_socket (context, ZMQ_ROUTER);
        protect (socket, 1);
        int backlog = 2 * count;
        check (zmq_setsockopt (socket, ZMQ_BACKLOG, &backlog, sizeof backlog), "backlog");
        bind_and_report (socket, setting ("endpoint", ""));
        wave (socket, count);
        printf ("{\"rate\":%.3f}\n", (count - 1) / wave (socket, count));
    } else {
        callers (context, count);
        callers (context, count);
    }
    pause ();
    return 0;
}
