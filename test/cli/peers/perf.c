/* The protocol and the output of libzmq's perf programs, over Debian's libzmq: what `zmtp perf` talks to in the tests.

     perf local_thr|remote_thr|local_lat|remote_lat ENDPOINT SIZE COUNT

   local_thr takes the time from the first message on; remote_lat halves the round trip. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static void check(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s: %s\n", what, zmq_strerror(zmq_errno()));
  exit(1);
}

static void transfer(void *from, void *to, size_t size) {
  zmq_msg_t message;
  zmq_msg_init(&message);
  check(zmq_msg_recv(&message, from, 0) >= 0, "receive");
  if (zmq_msg_size(&message) != size) {
    fprintf(stderr, "message of incorrect size received\n");
    exit(1);
  }
  if (to != NULL) check(zmq_msg_send(&message, to, 0) >= 0, "send");
  zmq_msg_close(&message);
}

static void send_one(void *to, size_t size) {
  zmq_msg_t message;
  zmq_msg_init_size(&message, size);
  memset(zmq_msg_data(&message), 0, size);
  check(zmq_msg_send(&message, to, 0) >= 0, "send");
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  const char *name = argv[1];
  const size_t size = (size_t)atol(argv[3]);
  const int count = atoi(argv[4]);
  const int local = strncmp(name, "local", 5) == 0;
  const int throughput = strstr(name, "_thr") != NULL;
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, throughput ? (local ? ZMQ_PULL : ZMQ_PUSH) : (local ? ZMQ_REP : ZMQ_REQ));
  check((local ? zmq_bind(socket, argv[2]) : zmq_connect(socket, argv[2])) == 0, argv[2]);
  if (throughput && local) {
    transfer(socket, NULL, size);
    void *watch = zmq_stopwatch_start();
    for (int i = 1; i < count; i++) transfer(socket, NULL, size);
    const double seconds = (double)zmq_stopwatch_stop(watch) / 1e6;
    const double rate = count / (seconds > 0 ? seconds : 1e-6);
    printf("message size: %d [B]\nmessage count: %d\n", (int)size, count);
    printf("mean throughput: %d [msg/s]\nmean throughput: %.3f [Mb/s]\n", (int)rate, rate * (double)size * 8 / 1e6);
  } else if (throughput) {
    for (int i = 0; i < count; i++) send_one(socket, size);
  } else if (local) {
    for (int i = 0; i < count; i++) transfer(socket, socket, size);
  } else {
    void *watch = zmq_stopwatch_start();
    for (int i = 0; i < count; i++) {
      send_one(socket, size);
      transfer(socket, NULL, size);
    }
    const double us = (double)zmq_stopwatch_stop(watch);
    printf("message size: %d [B]\nroundtrip count: %d\naverage latency: %.3f [us]\n", (int)size, count, us / (count * 2.0));
  }
  zmq_close(socket);
  zmq_ctx_term(context);
  return 0;
}
