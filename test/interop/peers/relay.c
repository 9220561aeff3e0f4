/*
 * A wire between hosts made of network namespaces: passes every Ethernet frame from one interface to all others, and loses, repeats
 * and delays those with UDP in them. Runs in the namespace that holds the other ends of the hosts' interfaces.
 *
 *   relay LOST REPEATED DELAYED DELAY_MS SEED BAD INTERFACE...
 *
 * LOST, REPEATED and DELAYED are percentages of the frames on the way to or from the interfaces whose numbers (from 1) are in BAD, such as 2 or 23;
 * each receiver loses its own. A delayed frame takes up to DELAY_MS longer, so that others overtake it. Prints "ready", ends with its input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_PORTS 8
#define MOST_BYTES 65536
#define MOST_WAITING 65536

typedef struct {
  int64_t at;
  int port;
  int size;
  uint8_t *bytes;
} waiting_t;

static int sockets[MOST_PORTS];
static int ports;
static int bad[MOST_PORTS];
static int lost, repeated, delayed, delay_ms;
static uint64_t state;
static waiting_t waiting[MOST_WAITING];
static int waitings;

static int64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static uint32_t chance(uint32_t below) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(state >> 33) % below;
}

static void fail(const char *what) {
  fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* The kernel leaves the UDP checksum of a frame that has not left the machine to the network card, and there is none. */
static int is_udp(uint8_t *frame, int size) {
  uint16_t type = (uint16_t)(frame[12] << 8 | frame[13]);
  if (type == ETH_P_IP && size >= 34 && frame[23] == 17) {
    int at = 14 + (frame[14] & 15) * 4;
    if ((frame[20] & 0x1f) == 0 && frame[21] == 0 && size >= at + 8) frame[at + 6] = frame[at + 7] = 0;
    return 1;
  }
  if (type != ETH_P_IPV6 || size < 62 || frame[20] != 17) return 0;
  int length = frame[18] << 8 | frame[19];
  if (size < 54 + length) return 1;
  uint8_t *udp = frame + 54;
  udp[6] = udp[7] = 0;
  uint32_t sum = (uint32_t)length + 17;
  for (int i = 22; i < 54; i += 2) sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
  for (int i = 0; i < length; i += 2) sum += (uint32_t)(udp[i] << 8 | (i + 1 < length ? udp[i + 1] : 0));
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  uint16_t check = (uint16_t)~sum;
  if (check == 0) check = 0xffff;
  udp[6] = (uint8_t)(check >> 8);
  udp[7] = (uint8_t)check;
  return 1;
}

static void pass(int port, const uint8_t *bytes, int size) {
  /* A frame that finds no room is lost, as on any wire. */
  if (send(sockets[port], bytes, (size_t)size, 0) == -1 && errno != ENOBUFS && errno != EAGAIN && errno != ENETDOWN) fail("send");
}

static void hold(int port, const uint8_t *bytes, int size, int64_t at) {
  if (waitings == MOST_WAITING) return;
  uint8_t *copy = malloc((size_t)size);
  memcpy(copy, bytes, (size_t)size);
  int i = waitings++;
  for (; i > 0 && waiting[(i - 1) / 2].at > at; i = (i - 1) / 2) waiting[i] = waiting[(i - 1) / 2];
  waiting[i] = (waiting_t){at, port, size, copy};
}

static void release(int64_t now) {
  while (waitings > 0 && waiting[0].at <= now) {
    waiting_t first = waiting[0], last = waiting[--waitings];
    pass(first.port, first.bytes, first.size);
    free(first.bytes);
    int i = 0;
    for (int child; (child = 2 * i + 1) < waitings; i = child) {
      if (child + 1 < waitings && waiting[child + 1].at < waiting[child].at) child++;
      if (waiting[child].at >= last.at) break;
      waiting[i] = waiting[child];
    }
    if (waitings > 0) waiting[i] = last;
  }
}

static void forward(int from, uint8_t *frame, int size, int64_t now) {
  int udp = is_udp(frame, size);
  for (int to = 0; to < ports; to++) {
    if (to == from) continue;
    if (!udp || !(bad[to] || bad[from])) {
      pass(to, frame, size);
      continue;
    }
    if ((int)chance(100) < lost) continue;
    int copies = (int)chance(100) < repeated ? 2 : 1;
    for (int i = 0; i < copies; i++) {
      if (delay_ms > 0 && (int)chance(100) < delayed)
        hold(to, frame, size, now + chance((uint32_t)delay_ms * 1000));
      else
        pass(to, frame, size);
    }
  }
}

int main(int count, char **words) {
  if (count < 8) return fprintf(stderr, "relay LOST REPEATED DELAYED DELAY_MS SEED BAD INTERFACE...\n"), 2;
  lost = atoi(words[1]);
  repeated = atoi(words[2]);
  delayed = atoi(words[3]);
  delay_ms = atoi(words[4]);
  state = strtoull(words[5], NULL, 10) * 2 + 1;
  for (const char *each = words[6]; *each; each++)
    if (*each >= '1' && *each <= '0' + MOST_PORTS) bad[*each - '1'] = 1;
  struct pollfd polls[MOST_PORTS + 1];
  for (; ports < count - 7 && ports < MOST_PORTS; ports++) {
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
    if (fd == -1) fail("socket");
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    address.sll_ifindex = (int)if_nametoindex(words[7 + ports]);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == -1) fail(words[7 + ports]);
    struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) == -1) fail("promiscuous");
    int room = 32 << 20;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) == -1) fail("receive buffer");
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) == -1) fail("send buffer");
    sockets[ports] = fd;
    polls[ports] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
  polls[ports] = (struct pollfd){.fd = 0, .events = POLLIN};
  printf("ready\n");
  fflush(stdout);
  static uint8_t frame[MOST_BYTES];
  for (;;) {
    int64_t now = now_us();
    release(now);
    int timeout = waitings == 0 ? -1 : (int)((waiting[0].at - now + 999) / 1000);
    if (poll(polls, (nfds_t)ports + 1, timeout) == -1) fail("poll");
    if (polls[ports].revents != 0) return 0;
    now = now_us();
    for (int port = 0; port < ports; port++) {
      if (!(polls[port].revents & POLLIN)) continue;
      for (int i = 0; i < 64; i++) {
        struct sockaddr_ll from;
        socklen_t length = sizeof from;
        ssize_t size = recvfrom(sockets[port], frame, sizeof frame, 0, (struct sockaddr *)&from, &length);
        if (size == -1) break;
        if (from.sll_pkttype != PACKET_OUTGOING && size >= 14) forward(port, frame, (int)size, now);
      }
    }
  }
}
