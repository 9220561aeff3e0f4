/*
 * A member of a multicast group over libzmq, whose messages tell by themselves whether they are whole and in order; multicast.ts is the same over
 * our library.
 *
 *   multicast pub ENDPOINT COUNT RATE RECOVERY_MS     waits for a line, sends, and serves repairs until its input ends
 *   multicast sub ENDPOINT COUNT RATE RECOVERY_MS     prints "done", or what was wrong with the first message that was
 *
 * Message n of COUNT is of one frame, or of three when n % 10 == 3: [n in 4 octets][nothing][body]. Octet i of the body is 7n + i, its size
 * 65536 when n % 2000 == 0, up to 4000 when n % 50 == 0, else up to 60. Before message 0 the frame "sync" may come any number of times.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static uint8_t body[65536];

static uint32_t fill(uint32_t n) {
  uint32_t r = n * 2654435761u;
  uint32_t size = n % 2000 == 0 ? 65536 : n % 50 == 0 ? 1 + r % 4000 : 1 + r % 60;
  for (uint32_t i = 0; i < size; i++) body[i] = (uint8_t)(7 * n + i);
  return size;
}

static int fail(const char *what) {
  printf("error %s: %s\n", what, zmq_strerror(zmq_errno()));
  fflush(stdout);
  return 1;
}

static void number_of(uint32_t n, uint8_t *octets) {
  for (int i = 0; i < 4; i++) octets[i] = (uint8_t)(n >> (24 - 8 * i));
}

static int publish(void *socket, uint32_t count) {
  char line[16];
  uint8_t number[4];
  printf("ready\n");
  fflush(stdout);
  /* Until the line comes, so that everybody can join. */
  zmq_pollitem_t input = {.fd = 0, .events = ZMQ_POLLIN};
  while (zmq_poll(&input, 1, 20) == 0)
    if (zmq_send(socket, "sync", 4, 0) == -1) return fail("sync");
  if (fgets(line, sizeof line, stdin) == NULL) return 0;
  for (uint32_t n = 0; n < count; n++) {
    uint32_t size = fill(n);
    if (n % 10 == 3) {
      number_of(n, number);
      if (zmq_send(socket, number, 4, ZMQ_SNDMORE) == -1 || zmq_send(socket, "", 0, ZMQ_SNDMORE) == -1) return fail("send");
    }
    if (zmq_send(socket, body, size, 0) == -1) return fail("send");
  }
  printf("sent\n");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) continue;
  return 0;
}

static int wrong(uint32_t n, const char *what, int size) {
  printf("error message %u: %s (%d octets)\n", n, what, size);
  fflush(stdout);
  return 1;
}

static int subscribe(void *socket, uint32_t count) {
  static uint8_t got[65537];
  uint8_t number[4];
  int more, syncing = 1;
  size_t length = sizeof more;
  printf("ready\n");
  fflush(stdout);
  for (uint32_t n = 0; n < count;) {
    int size = zmq_recv(socket, got, sizeof got, 0);
    if (size == -1) return wrong(n, zmq_strerror(zmq_errno()), 0);
    if (syncing && size == 4 && memcmp(got, "sync", 4) == 0) {
      if (n == 0 && syncing == 1) printf("heard\n"), fflush(stdout), syncing = 2;
      continue;
    }
    syncing = 0;
    if (n % 10 == 3) {
      number_of(n, number);
      if (size != 4 || memcmp(got, number, 4) != 0) return wrong(n, "its number is another", size);
      for (int part = 0; part < 2; part++) {
        if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &length) == -1 || !more) return wrong(n, "it has fewer than 3 frames", part);
        size = zmq_recv(socket, got, sizeof got, 0);
        if (part == 0 && size != 0) return wrong(n, "its second frame is not empty", size);
      }
    }
    if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &length) == -1 || more) return wrong(n, "it has too many frames", size);
    if ((uint32_t)size != fill(n) || memcmp(got, body, (size_t)size) != 0) return wrong(n, "its body is another", size);
    n++;
  }
  printf("done\n");
  fflush(stdout);
  return 0;
}

int main(int words, char **word) {
  if (words != 6) return fprintf(stderr, "multicast pub|sub ENDPOINT COUNT RATE RECOVERY_MS\n"), 2;
  int publishes = strcmp(word[1], "pub") == 0;
  int none = 0, rate = atoi(word[4]), recovery = atoi(word[5]), patience = 20000, room = 4 << 20;
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, publishes ? ZMQ_PUB : ZMQ_SUB);
  zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
  zmq_setsockopt(socket, ZMQ_RATE, &rate, sizeof rate);
  zmq_setsockopt(socket, ZMQ_RECOVERY_IVL, &recovery, sizeof recovery);
  zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);
  zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none);
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
  zmq_setsockopt(socket, publishes ? ZMQ_SNDBUF : ZMQ_RCVBUF, &room, sizeof room);
  if (!publishes) zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
  int ipv6 = strchr(word[2], '[') != NULL;
  zmq_setsockopt(socket, ZMQ_IPV6, &ipv6, sizeof ipv6);
  if (zmq_connect(socket, word[2]) == -1) return fail(word[2]);
  int result = publishes ? publish(socket, (uint32_t)strtoul(word[3], NULL, 10)) : subscribe(socket, (uint32_t)strtoul(word[3], NULL, 10));
  zmq_close(socket);
  zmq_ctx_term(context);
  return result;
}
