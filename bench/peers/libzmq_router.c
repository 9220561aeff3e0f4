/* A ROUTER with libzmq that learns of `count` peers by their first message and then sends to each in turn. It drops
   nothing (ZMQ_ROUTER_MANDATORY): it waits for who is slow. */
#include "libzmq_common.h"

struct id {
    size_t length;
    char bytes[255];
};

int main (int argc, char **argv)
{
    begin (argc, argv);
    int count = count_setting ();
    size_t size = size_setting ();
    struct id *ids = malloc ((size_t) count * sizeof *ids);
    void *socket = zmq_socket (zmq_ctx_new (), ZMQ_ROUTER);
    set_int (socket, ZMQ_ROUTER_MANDATORY, 1);
    set_int (socket, ZMQ_BACKLOG, 4096);
    bind_and_report (socket, setting ("endpoint", ""));
    for (int i = 0; i < count; i++) {
        char body[16];
        int length = zmq_recv (socket, ids[i].bytes, sizeof ids[i].bytes, 0);
        check (length, "zmq_recv");
        ids[i].length = (size_t) length;
        check (zmq_recv (socket, body, sizeof body, 0), "zmq_recv");
    }
    printf ("{\"ready\":1}\n");
    for (int i = 0;; i = i + 1 == count ? 0 : i + 1) {
        check (zmq_send (socket, ids[i].bytes, ids[i].length, ZMQ_SNDMORE), "zmq_send");
        send_new (socket, size, 0);
    }
}
