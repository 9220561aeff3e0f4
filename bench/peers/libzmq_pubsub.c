/* PUB and SUB with libzmq, one role per process: `publish` to `count` sockets of `subscribe`; `match` and `matched`,
   where one SUB has `count` subscriptions. The PUB drops nothing (ZMQ_XPUB_NODROP): it waits for who is slow, so that
   what is sent is what is delivered. Messages of probing, sent until the bench says go, are shorter than the others. */
#include "libzmq_common.h"

#define TOPIC_LENGTH 8
#define MATCHED_SIZE 20
#define MESSAGES 65536

static int told_already (void)
{
    return sem_trywait (&told_to_go) == 0;
}

static void *publisher (void *context)
{
    void *socket = zmq_socket (context, ZMQ_PUB);
    set_int (socket, ZMQ_XPUB_NODROP, 1);
    if (atoi (setting ("connect", "0")))
        check (zmq_connect (socket, setting ("endpoint", "")), "zmq_connect");
    else
        bind_and_report (socket, setting ("endpoint", ""));
    return socket;
}

static void probe (void *socket, const char *text)
{
    while (!told_already ()) {
        check (zmq_send (socket, text, strlen (text), 0), "zmq_send");
        usleep (1000);
    }
}

static void publish (void *context)
{
    void *socket = publisher (context);
    size_t size = size_setting ();
    probe (socket, "probe");
    for (;;)
        send_new (socket, size, 0);
}

static void subscribe (void *context)
{
    int count = count_setting ();
    struct meter meter;
    zmq_msg_t message;
    zmq_pollitem_t *items = calloc ((size_t) count, sizeof *items);
    for (int i = 0; i < count; i++) {
        items[i].socket = zmq_socket (context, ZMQ_SUB);
        items[i].events = ZMQ_POLLIN;
        check (zmq_setsockopt (items[i].socket, ZMQ_SUBSCRIBE, "", 0), "ZMQ_SUBSCRIBE");
        check (zmq_connect (items[i].socket, setting ("endpoint", "")), "zmq_connect");
    }
    check (zmq_msg_init (&message), "zmq_msg_init");
    for (int i = 0; i < count; i++)
        check (zmq_msg_recv (&message, items[i].socket, 0), "zmq_msg_recv");
    printf ("{\"ready\":1}\n");
    meter_init (&meter, size_setting (), seconds_setting ());
    for (;;) {
        check (zmq_poll (items, count, -1), "zmq_poll");
        for (int i = 0; i < count; i++) {
            if (!(items[i].revents & ZMQ_POLLIN))
                continue;
            while (zmq_msg_recv (&message, items[i].socket, ZMQ_DONTWAIT) >= 0) {
                if (zmq_msg_size (&message) == 5 || !meter_count (&meter, &message))
                    continue;
                meter_report (&meter);
                return;
            }
        }
    }
}

/* Messages whose topic is subscribed to, or differs from a subscription in its last octet only. */
static char (*make_messages (int count, int hit))[MATCHED_SIZE + 1]
{
    char (*messages)[MATCHED_SIZE + 1] = malloc (MESSAGES * sizeof *messages);
    unsigned int seed = 12345;
    for (int i = 0; i < MESSAGES; i++) {
        seed = seed * 1664525 + 1013904223;
        sprintf (messages[i], "t/%06u%012d", (seed >> 8) % (unsigned int) count, 0);
        if (!hit)
            messages[i][TOPIC_LENGTH - 1] = ':';
    }
    return messages;
}

static void match (void *context)
{
    void *socket = publisher (context);
    int count = count_setting ();
    char text[32];
    char (*misses)[MATCHED_SIZE + 1] = make_messages (count, 0);
    char (*hits)[MATCHED_SIZE + 1] = make_messages (count, 1);
    double start, elapsed;
    unsigned long sent = 0;
    sprintf (text, "t/%06d", count - 1);
    probe (socket, text);
    start = now_seconds ();
    do
        for (int i = 0; i < 1000; i++)
            check (zmq_send (socket, misses[sent++ % MESSAGES], MATCHED_SIZE, 0), "zmq_send");
    while ((elapsed = now_seconds () - start) < seconds_setting ());
    printf ("{\"unmatched\":%.1f}\n", (double) sent / elapsed);
    for (;;)
        check (zmq_send (socket, hits[sent++ % MESSAGES], MATCHED_SIZE, 0), "zmq_send");
}

static void matched (void *context)
{
    int count = count_setting ();
    char topic[32];
    struct meter meter;
    zmq_msg_t message;
    void *socket = zmq_socket (context, ZMQ_SUB);
    set_int (socket, ZMQ_SNDHWM, 0); /* Subscriptions beyond it would be dropped. */
    check (zmq_connect (socket, setting ("endpoint", "")), "zmq_connect");
    double start = now_seconds ();
    for (int i = 0; i < count; i++) {
        sprintf (topic, "t/%06d", i);
        check (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, topic, TOPIC_LENGTH), "ZMQ_SUBSCRIBE");
    }
    check (zmq_msg_init (&message), "zmq_msg_init");
    check (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
    printf ("{\"subscribed\":%.6f}\n", now_seconds () - start);
    meter_init (&meter, MATCHED_SIZE, seconds_setting ());
    do
        check (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
    while (zmq_msg_size (&message) == TOPIC_LENGTH || !meter_count (&meter, &message));
    meter_report (&meter);
}

int main (int argc, char **argv)
{
    begin (argc, argv);
    void *context = zmq_ctx_new ();
    if (is_role ("publish"))
        publish (context);
    else if (is_role ("subscribe"))
        subscribe (context);
    else if (is_role ("match"))
        match (context);
    else
        matched (context);
    _exit (0);
}
