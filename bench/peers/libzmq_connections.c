/* Connections that have nothing to do, and messages that wait, with libzmq: how much memory each takes.

   hub (PULL) and spokes (PUSH sockets that connect up to 1000 times each) are a process each: the memory of a connection on either
   side, and the CPU time of idling. sending: messages that wait for peers who are not there. unread and sender: messages
   that came and are not read. */
#include "libzmq_common.h"

#define MESSAGES 100000
/* So many connections are made at a time, and then waited for: more would overrun the listener's backlog. */
#define BATCH 1000
#define NEVER_MS 3600000

static double resident_octets (void)
{
    long pages = 0, ignored;
    FILE *file = fopen ("/proc/self/statm", "r");
    if (file == NULL || fscanf (file, "%ld %ld", &ignored, &pages) != 2) {
        fprintf (stderr, "/proc/self/statm cannot be read\n");
        exit (1);
    }
    fclose (file);
    return (double) pages * (double) sysconf (_SC_PAGESIZE);
}

static double wall_seconds (void)
{
    struct timespec time;
    clock_gettime (CLOCK_REALTIME, &time);
    return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void report_idle (double before, int count)
{
    double seconds = seconds_setting ();
    usleep (500000);
    double memory = (resident_octets () - before) / count;
    double cpu = cpu_seconds ();
    usleep ((useconds_t) (seconds * 1e6));
    printf ("{\"memory\":%.1f,\"cpu\":%.4f}\n", memory, (cpu_seconds () - cpu) / seconds * 100);
    fflush (stdout);
}

static void receive_many (void *socket, int count)
{
    zmq_msg_t message;
    check (zmq_msg_init (&message), "zmq_msg_init");
    for (int i = 0; i < count; i++)
        check (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
}

static void *bound_pull (void *context)
{
    void *socket = zmq_socket (context, ZMQ_PULL);
    set_int (socket, ZMQ_BACKLOG, 4096);
    set_int (socket, ZMQ_RCVHWM, 0);
    bind_and_report (socket, setting ("endpoint", ""));
    return socket;
}

static void *connected_push (void *context, int count)
{
    void *socket = zmq_socket (context, ZMQ_PUSH);
    set_int (socket, ZMQ_SNDHWM, 0);
    set_int (socket, ZMQ_RECONNECT_IVL, NEVER_MS);
    for (int i = 0; i < count; i++)
        check (zmq_connect (socket, setting ("endpoint", "")), "zmq_connect");
    return socket;
}

static void send_many (void *socket, int count, size_t size)
{
    for (int i = 0; i < count; i++)
        send_new (socket, size, 0);
}

static void hub (void *context, int count)
{
    void *socket = bound_pull (context);
    double before = resident_octets ();
    for (int left = count; left > 0; left -= BATCH) {
        receive_many (socket, left < BATCH ? left : BATCH);
        printf ("{\"at\":%.6f}\n", wall_seconds ());
    }
    report_idle (before, count);
}

static void spokes (void *context, int count)
{
    double before = resident_octets ();
    printf ("{\"at\":%.6f}\n", wall_seconds ());
    for (int left = count; left > 0; left -= BATCH) {
        int each = left < BATCH ? left : BATCH;
        send_many (connected_push (context, each), each, 5);
        wait_until_told ();
    }
    report_idle (before, count);
}

static void sending (void *context, int count)
{
    void *socket = connected_push (context, count);
    usleep (500000);
    double before = resident_octets ();
    send_many (socket, MESSAGES, size_setting ());
    usleep (300000);
    printf ("{\"octets\":%.2f}\n", (resident_octets () - before) / MESSAGES);
    fflush (stdout);
}

static void unread (void *context, int count)
{
    void *socket = bound_pull (context);
    receive_many (socket, count);
    usleep (300000);
    double before = resident_octets (), cpu;
    printf ("{\"ready\":1}\n");
    wait_until_told (); /* Now the messages are on their way. */
    do {
        cpu = cpu_seconds ();
        usleep (300000);
    } while (cpu_seconds () - cpu > 0.003);
    double octets = (resident_octets () - before) / MESSAGES;
    receive_many (socket, MESSAGES);
    printf ("{\"octets\":%.2f}\n", octets);
    fflush (stdout);
}

static void sender (void *context, int count)
{
    void *socket = connected_push (context, count);
    send_many (socket, count, 5);
    wait_until_told ();
    send_many (socket, MESSAGES, size_setting ());
    printf ("{\"sent\":1}\n");
    wait_until_told ();
}

int main (int argc, char **argv)
{
    begin (argc, argv);
    void *context = zmq_ctx_new ();
    int count = count_setting ();
    if (is_role ("hub"))
        hub (context, count);
    else if (is_role ("spokes"))
        spokes (context, count);
    else if (is_role ("sending"))
        sending (context, count);
    else if (is_role ("unread"))
        unread (context, count);
    else
        sender (context, count);
    _exit (0);
}
