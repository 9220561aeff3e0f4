/* PUSH to PULL with libzmq, one role per process. */
#include "libzmq_common.h"

int main (int argc, char **argv)
{
    begin (argc, argv);
    size_t size = (size_t) atol (setting ("size", "10"));
    void *context = zmq_ctx_new ();
    if (strcmp (setting ("role", ""), "push") == 0) {
        void *socket = zmq_socket (context, ZMQ_PUSH);
        check (zmq_connect (socket, setting ("endpoint", "")), "zmq_connect");
        for (;;)
            send_new (socket, size);
    }
    void *socket = zmq_socket (context, ZMQ_PULL);
    bind_and_report (socket, setting ("endpoint", ""));
    receive_and_report (socket, size, atof (setting ("seconds", "1")));
    return 0;
}
