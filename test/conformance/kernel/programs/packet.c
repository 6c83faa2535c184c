// AF_PACKET: what a packet socket on the loopback sees of UDP, TCP and ICMP, and what it refuses.
#include "check.h"
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

static int port_of[3];

/* Ports and sequence numbers are anybody's: shown by who they belong to, and by how far they went. */
static const char *who(int port) { return port == 7777 ? "server" : port == 5555 ? "nobody" : port == 1 ? "closed" : "own"; }

static void show(const char *how, const unsigned char *frame, int size, const struct sockaddr_ll *from) {
  static unsigned first[2];
  if (from->sll_pkttype == PACKET_OUTGOING) return;
  const unsigned char *ip = frame + 14, *body = ip + 20;
  int length = ip[2] << 8 | ip[3];
  printf("%s: type %04x on %d kind %d, ethernet %02x%02x, size %d = 14 + %d, protocol %d\n", how, ntohs(from->sll_protocol), from->sll_ifindex,
         from->sll_pkttype, frame[12], frame[13], size, length, ip[9]);
  unsigned sum = 0;
  for (int i = 0; i < 20; i += 2) sum += ip[i] << 8 | ip[i + 1];
  printf("  header sum %x\n", (sum & 0xffff) + (sum >> 16));
  int source = body[0] << 8 | body[1], target = body[2] << 8 | body[3];
  if (ip[9] == 17) printf("  udp %s > %s length %d [%.*s]\n", who(source), who(target), body[4] << 8 | body[5], length - 28, body + 8);
  if (ip[9] == 1) printf("  icmp %d/%d\n", body[0], body[1]);
  if (ip[9] == 6) {
    int side = target == 7777 || target == 1 ? 0 : 1, header = (body[12] >> 4) * 4;
    unsigned sequence = ntohl(*(unsigned *)(body + 4)), acknowledged = ntohl(*(unsigned *)(body + 8));
    if (body[13] & 2) first[side] = sequence;
    printf("  tcp %s > %s flags %02x seq %u ack %u window %d options %d [%.*s]\n", who(source), who(target), body[13], body[13] & 4 ? 0 : sequence - first[side],
           body[13] & 16 ? acknowledged - first[!side] : 0, body[14] << 8 | body[15], header - 20, length - 20 - header, body + header);
  }
}

static int drain(int fd) {
  unsigned char frame[70000];
  struct sockaddr_ll from;
  for (;;) {
    socklen_t size = sizeof from;
    int count = recvfrom(fd, frame, sizeof frame, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &size);
    if (count < 0) return printf("then %s\n", strerrorname_np(errno));
    show("frame", frame, count, &from);
  }
}

int main() {
  setvbuf(stdout, NULL, _IONBF, 0);
  struct ifreq request = {.ifr_name = "lo"};
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  request.ifr_flags = IFF_UP;
  ioctl(udp, SIOCSIFFLAGS, &request);
  SHOW(socket(AF_PACKET, SOCK_STREAM, 0));
  int all = socket(AF_PACKET, SOCK_RAW, 0), ring = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll place = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = 99};
  SHOW(bind(all, (struct sockaddr *)&place, sizeof place));
  place.sll_ifindex = if_nametoindex("lo");
  SHOW(bind(all, (struct sockaddr *)&place, sizeof place));
  SHOW(listen(all, 1));
  struct sockaddr_ll own;
  socklen_t size = sizeof own;
  SHOW(getsockname(all, (struct sockaddr *)&own, &size));
  printf("size %d protocol %x hatype %d halen %d\n", size, ntohs(own.sll_protocol), own.sll_hatype, own.sll_halen);
  int version = TPACKET_V2;
  size = sizeof version;
  SHOW(getsockopt(ring, SOL_PACKET, PACKET_HDRLEN, &version, &size));
  printf("header %d\n", version);
  version = 77;
  SHOW(getsockopt(ring, SOL_PACKET, PACKET_HDRLEN, &version, &size));
  version = TPACKET_V2;
  SHOW(setsockopt(ring, SOL_PACKET, PACKET_VERSION, &version, sizeof version));
  struct tpacket_req bad = {4096, 4, 2048, 9}, good = {4096, 4, 2048, 8};
  SHOW(setsockopt(ring, SOL_PACKET, PACKET_RX_RING, &bad, sizeof bad));
  SHOW(setsockopt(ring, SOL_PACKET, PACKET_RX_RING, &good, sizeof good));
  SHOW(setsockopt(ring, SOL_PACKET, PACKET_VERSION, &version, sizeof version));
  char *frames = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0);
  printf("mapped %d\n", frames != MAP_FAILED);
  bind(ring, (struct sockaddr *)&place, sizeof place);
  struct pollfd ready = {ring, POLLIN};
  SHOW(poll(&ready, 1, 0));
  drain(all);

  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5555), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  puts("-- udp to nobody");
  sendto(udp, "datagram", 8, 0, (struct sockaddr *)&to, sizeof to);
  drain(all);
  SHOW(poll(&ready, 1, 0));
  int found = 0;
  for (int i = 0; i < 8; i++) {
    struct tpacket2_hdr *header = (void *)(frames + i * 2048);
    if (!(header->tp_status & TP_STATUS_USER)) continue;
    struct sockaddr_ll *from = (void *)header + TPACKET_ALIGN(sizeof *header);
    if (from->sll_pkttype != PACKET_OUTGOING) printf("ring: mac %d net %d\n", header->tp_mac, header->tp_net);
    show("ring", (void *)header + header->tp_mac, header->tp_snaplen, from);
    header->tp_status = TP_STATUS_KERNEL;
    found++;
  }
  printf("frames in the ring %d\n", found);
  SHOW(poll(&ready, 1, 0));
  struct tpacket_stats told;
  size = sizeof told;
  SHOW(getsockopt(ring, SOL_PACKET, PACKET_STATISTICS, &told, &size));
  printf("packets %u drops %u\n", told.tp_packets, told.tp_drops);

  puts("-- tcp");
  to.sin_port = htons(7777);
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  bind(listener, (struct sockaddr *)&to, sizeof to);
  listen(listener, 1);
  connect(client, (struct sockaddr *)&to, sizeof to);
  int server = accept(listener, NULL, NULL);
  drain(all);
  char buffer[100];
  write(client, "question", 8);
  read(server, buffer, 100);
  write(server, "answer", 6);
  read(client, buffer, 100);
  drain(all);
  shutdown(client, SHUT_WR);
  usleep(100000);
  drain(all);
  close(server);
  usleep(100000);
  drain(all);
  puts("-- refused");
  int refused = socket(AF_INET, SOCK_STREAM, 0);
  to.sin_port = htons(1);
  SHOW(connect(refused, (struct sockaddr *)&to, sizeof to));
  drain(all);
  SHOW(munmap(frames, 16384));
  AS_USER(1000) SHOW(socket(AF_PACKET, SOCK_RAW, 0));
  return 0;
}
