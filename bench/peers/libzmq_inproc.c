/* PUSH to PULL with libzmq over inproc, between two threads of one process. */
#include "libzmq_common.h"

static void *context;

static void *push (void *unused)
{
    size_t size = size_setting ();
    void *socket = zmq_socket (context, ZMQ_PUSH);
    set_int (socket, ZMQ_SNDHWM, high_water_mark (size));
    (void) unused;
    check (zmq_connect (socket, "inproc://bench"), "zmq_connect");
    for (;;)
        send_new (socket, size, 0);
    return NULL;
}

int main (int argc, char **argv)
{
    pthread_t thread;
    begin (argc, argv);
    context = zmq_ctx_new ();
    void *socket = zmq_socket (context, ZMQ_PULL);
    set_int (socket, ZMQ_RCVHWM, high_water_mark (size_setting ()));
    check (zmq_bind (socket, "inproc://bench"), "zmq_bind");
    pthread_create (&thread, NULL, push, NULL);
    receive_and_report (socket, size_setting (), seconds_setting ());
    _exit (0);
}
