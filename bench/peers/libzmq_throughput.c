/* PUSH to PULL with libzmq, one role per process. */
#include "libzmq_common.h"

int main (int argc, char **argv)
{
    begin (argc, argv);
    size_t size = size_setting ();
    void *context = zmq_ctx_new ();
    if (is_role ("push")) {
        void *socket = zmq_socket (context, ZMQ_PUSH);
        set_int (socket, ZMQ_SNDHWM, high_water_mark (size));
        protect (socket, 0);
        check (zmq_connect (socket, setting ("endpoint", "")), "zmq_connect");
        for (;;)
            send_new (socket, size, 0);
    }
    void *socket = zmq_socket (context, ZMQ_PULL);
    set_int (socket, ZMQ_RCVHWM, high_water_mark (size));
    protect (socket, 1);
    bind_and_report (socket, setting ("endpoint", ""));
    receive_and_report (socket, size, seconds_setting ());
    _exit (0);
}
