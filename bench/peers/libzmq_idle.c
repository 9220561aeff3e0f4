/* Idle connections with libzmq: a hub (ROUTER) and its spokes (DEALERs), each in a process of its own, report the
   CPU time that doing nothing takes. */
#include "libzmq_common.h"

static void idle (void)
{
    usleep (500000);
    double before = cpu_seconds ();
    usleep ((useconds_t) (atof (setting ("seconds", "1")) * 1e6));
    printf ("{\"cpu\":%.6f}\n", cpu_seconds () - before);
    fflush (stdout);
    _exit (0);
}

static void hub (void *context, int count)
{
    void *socket = zmq_socket (context, ZMQ_ROUTER);
    bind_and_report (socket, setting ("endpoint", ""));
    for (int i = 0; i < count; i++) {
        char id[256], body[16];
        int length = zmq_recv (socket, id, sizeof id, 0);
        check (length, "zmq_recv");
        check (zmq_recv (socket, body, sizeof body, 0), "zmq_recv");
        check (zmq_send (socket, id, (size_t) length, ZMQ_SNDMORE), "zmq_send");
        check (zmq_send (socket, "hello", 5, 0), "zmq_send");
    }
}

static void spokes (void *context, int count)
{
    void **sockets = malloc ((size_t) count * sizeof (void *));
    for (int i = 0; i < count; i++) {
        sockets[i] = zmq_socket (context, ZMQ_DEALER);
        check (zmq_connect (sockets[i], setting ("endpoint", "")), "zmq_connect");
        check (zmq_send (sockets[i], "hello", 5, 0), "zmq_send");
    }
    for (int i = 0; i < count; i++) {
        char body[16];
        check (zmq_recv (sockets[i], body, sizeof body, 0), "zmq_recv");
    }
}

int main (int argc, char **argv)
{
    begin (argc, argv);
    void *context = zmq_ctx_new ();
    int count = atoi (setting ("count", "1"));
    if (is_role ("hub"))
        hub (context, count);
    else
        spokes (context, count);
    idle ();
    return 0;
}
