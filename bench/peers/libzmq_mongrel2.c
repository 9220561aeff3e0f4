/* Stands in for Mongrel2: a PUSH that gives out a recorded request again and again, as fast as it is taken, and a SUB that
   takes the replies. Reports both endpoints; a reply of a wrong form ends it. */
#include "libzmq_common.h"

static const char REQUEST[] =
    "34f9ceee-cd52-4b7f-b197-88bf2f0ec378 17 /hello/world "
    "427:{\"PATH\":\"/hello/world\",\"x-forwarded-for\":\"127.0.0.1\",\"accept-language\":\"en-US,en;q=0.5\",\"accept-encoding\":\"gzip, "
    "deflate\",\"connection\":\"keep-alive\",\"accept\":\"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\",\"user-agent\":"
    "\"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0\",\"host\":\"localhost:6767\",\"METHOD\":\"GET\",\"VERSION\":"
    "\"HTTP/1.1\",\"URI\":\"/hello/world?a=b\",\"QUERY\":\"a=b\",\"PATTERN\":\"/hello\"},0:,";
static const char REPLY[] = "34f9ceee-cd52-4b7f-b197-88bf2f0ec378 2:17, HTTP/1.1 200 OK\r\n";

static void *take_replies (void *socket)
{
    char buffer[4096];
    for (;;) {
        int size = zmq_recv (socket, buffer, sizeof buffer, 0);
        check (size, "zmq_recv");
        if ((size_t) size >= sizeof REPLY - 1 && memcmp (buffer, REPLY, sizeof REPLY - 1) == 0)
            continue;
        fprintf (stderr, "a wrong reply: %.*s\n", size > 200 ? 200 : size, buffer);
        exit (1);
    }
}

static void bind_to_loopback (void *socket, char *endpoint, size_t size)
{
    check (zmq_bind (socket, "tcp://127.0.0.1:*"), "zmq_bind");
    check (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size), "zmq_getsockopt");
}

int main (int argc, char **argv)
{
    begin (argc, argv);
    void *context = zmq_ctx_new ();
    void *push = zmq_socket (context, ZMQ_PUSH);
    void *sub = zmq_socket (context, ZMQ_SUB);
    check (zmq_setsockopt (sub, ZMQ_SUBSCRIBE, "", 0), "zmq_setsockopt");
    char requests[256], replies[256];
    bind_to_loopback (push, requests, sizeof requests);
    bind_to_loopback (sub, replies, sizeof replies);
    printf ("{\"requests\":\"%s\",\"replies\":\"%s\"}\n", requests, replies);
    pthread_t thread;
    pthread_create (&thread, NULL, take_replies, sub);
    for (;;)
        check (zmq_send (push, REQUEST, sizeof REQUEST - 1, 0), "zmq_send");
}
