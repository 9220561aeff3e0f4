/* zmq_proxy between two sockets that it binds: XSUB and XPUB (`pubsub`), or ROUTER and DEALER (`queue`). */
#include "libzmq_common.h"

int main (int argc, char **argv)
{
    begin (argc, argv);
    int pubsub = strcmp (setting ("kind", ""), "pubsub") == 0;
    char front_end[256], back_end[256];
    void *context = zmq_ctx_new ();
    void *front = zmq_socket (context, pubsub ? ZMQ_XSUB : ZMQ_ROUTER);
    void *back = zmq_socket (context, pubsub ? ZMQ_XPUB : ZMQ_DEALER);
    if (pubsub)
        set_int (back, ZMQ_XPUB_NODROP, 1);
    bind_to (front, setting ("endpoint", ""), front_end, sizeof front_end);
    bind_to (back, setting ("endpoint", ""), back_end, sizeof back_end);
    printf ("{\"front\":\"%s\",\"back\":\"%s\"}\n", front_end, back_end);
    zmq_proxy (front, back, NULL);
    return 1;
}
