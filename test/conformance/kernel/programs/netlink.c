// NETLINK_ROUTE: dumps and single questions about the loopback, changes, refusals; every attribute byte by byte.
#include "sockets.h"
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static int seq;
static unsigned own;
static char reply[65536];

static void hex(const unsigned char *b, int n) {
  for (int i = 0; i < n; i++) printf("%02x", b[i]);
}
// Counters, ids and what only names the machine's configuration are shown by their length.
static int is_opaque(int type, int attribute) {
  if (type != RTM_NEWLINK) return type == RTM_NEWADDR && attribute == IFA_CACHEINFO;
  return attribute == IFLA_STATS || attribute == IFLA_STATS64 || attribute == IFLA_AF_SPEC;
}
static void attributes(int type, const char *p, int left) {
  while (left >= (int)sizeof(struct rtattr)) {
    const struct rtattr *a = (void *)p;
    if (a->rta_len < sizeof *a || a->rta_len > left) { printf("    broken attribute\n"); return; }
    // What families add to a link is hundreds of settings in Linux, and few here.
    int is_spec = type == RTM_NEWLINK && a->rta_type == IFLA_AF_SPEC;
    printf("    %d len %d ", a->rta_type, is_spec ? 0 : a->rta_len);
    if (!is_opaque(type, a->rta_type)) hex(RTA_DATA(a), a->rta_len - 4);
    puts("");
    int step = RTA_ALIGN(a->rta_len); p += step; left -= step;
  }
}
static int body_of(int type) {
  switch (type) {
    case RTM_NEWLINK: return sizeof(struct ifinfomsg);
    case RTM_NEWADDR: return sizeof(struct ifaddrmsg);
    case RTM_NEWNEIGH: return sizeof(struct ndmsg);
    default: return sizeof(struct rtmsg);
  }
}
// Prints every message waiting; answers how many.
static int answers(int fd) {
  int count = 0;
  for (;;) {
    int n = recv(fd, reply, sizeof reply, MSG_DONTWAIT);
    if (n < 0) { if (errno != EAGAIN) printf("  recv %s\n", strerrorname_np(errno)); return count; }
    for (struct nlmsghdr *h = (void *)reply; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
      count++;
      printf("  type %d flags %x seq %d pid %s ", h->nlmsg_type, h->nlmsg_flags, h->nlmsg_seq - seq, h->nlmsg_pid == own ? "own" : h->nlmsg_pid ? "other" : "0");
      if (h->nlmsg_type == NLMSG_ERROR) { struct nlmsgerr *e = NLMSG_DATA(h); printf("error %d of type %d len %u\n", e->error, e->msg.nlmsg_type, h->nlmsg_len); continue; }
      if (h->nlmsg_type == NLMSG_DONE) { printf("done %d len %u\n", *(int *)NLMSG_DATA(h), h->nlmsg_len); continue; }
      int body = body_of(h->nlmsg_type);
      hex(NLMSG_DATA(h), body); puts("");
      attributes(h->nlmsg_type, (char *)NLMSG_DATA(h) + NLMSG_ALIGN(body), h->nlmsg_len - NLMSG_SPACE(body));
    }
  }
}
static struct { struct nlmsghdr h; char body[512]; } q;
static void ask(int type, int flags, const void *body, int size) {
  memset(&q, 0, sizeof q);
  q.h = (struct nlmsghdr){ NLMSG_LENGTH(size), type, NLM_F_REQUEST | flags, ++seq, 0 };
  if (size) memcpy(q.body, body, size);
}
static void with(int type, const void *data, int size) {
  struct rtattr *a = (void *)((char *)&q + NLMSG_ALIGN(q.h.nlmsg_len));
  a->rta_type = type; a->rta_len = RTA_LENGTH(size); memcpy(RTA_DATA(a), data, size);
  q.h.nlmsg_len = NLMSG_ALIGN(q.h.nlmsg_len) + RTA_ALIGN(a->rta_len);
}
static void go(int fd, const char *what) {
  printf("== %s\n", what);
  if (send(fd, &q, q.h.nlmsg_len, 0) < 0) printf("  send %s\n", strerrorname_np(errno));
  answers(fd);
}
static int netlink(int protocol) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  struct sockaddr_nl a = { AF_NETLINK }; socklen_t n = sizeof a;
  bind(fd, (void *)&a, n); getsockname(fd, (void *)&a, &n); own = a.nl_pid;
  return fd;
}
static void sockets(void) {
  puts("== sockets");
  R(socket(AF_NETLINK, SOCK_STREAM, 0)); R(socket(AF_NETLINK, SOCK_DGRAM, 60)); R(socket(AF_NETLINK, SOCK_DGRAM, 1));
  int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE); struct sockaddr_nl a; socklen_t n = sizeof a;
  OPTION(fd, SOL_SOCKET, SO_PROTOCOL); OPTION(fd, SOL_SOCKET, SO_DOMAIN); OPTION(fd, SOL_SOCKET, SO_TYPE); events("new", fd);
  R(getsockname(fd, (void *)&a, &n)); printf("  family %d pid %u groups %x len %d\n", a.nl_family, a.nl_pid, a.nl_groups, n);
  R(getpeername(fd, (void *)&a, &n)); printf("  family %d pid %u groups %x len %d\n", a.nl_family, a.nl_pid, a.nl_groups, n);
  a = (struct sockaddr_nl){ AF_NETLINK, 0, 0, 1 }; R(bind(fd, (void *)&a, 8)); R(bind(fd, (void *)&a, sizeof a)); n = sizeof a; getsockname(fd, (void *)&a, &n); printf("  own %d groups %x\n", a.nl_pid == getpid(), a.nl_groups);
  a = (struct sockaddr_nl){ AF_NETLINK, 0, 7777, 0 }; R(bind(fd, (void *)&a, sizeof a)); a.nl_family = 5; R(bind(fd, (void *)&a, sizeof a));
  int two = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE); a = (struct sockaddr_nl){ AF_NETLINK, 0, getpid(), 0 }; R(bind(two, (void *)&a, sizeof a)); a.nl_pid = 4242; R(bind(two, (void *)&a, sizeof a)); n = sizeof a; getsockname(two, (void *)&a, &n); printf("  %u\n", a.nl_pid);
  OPTION(fd, SOL_NETLINK, NETLINK_PKTINFO); OPTION(fd, SOL_NETLINK, NETLINK_EXT_ACK); R(set(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1)); OPTION(fd, SOL_NETLINK, NETLINK_EXT_ACK); R(set(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)); R(set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 5)); R(set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 900)); R(set(fd, SOL_NETLINK, 77, 1)); n = sizeof a; getsockname(fd, (void *)&a, &n); printf("  groups %x\n", a.nl_groups);
  R(listen(fd, 1)); R(accept(fd, 0, 0)); R(shutdown(fd, 2)); a = (struct sockaddr_nl){ AF_NETLINK, 0, 4242, 0 }; R(sendto(fd, "hi", 2, 0, (void *)&a, sizeof a)); R(recv(two, reply, 100, MSG_DONTWAIT)); a.nl_pid = 9999; R(sendto(fd, "hi", 2, 0, (void *)&a, sizeof a)); R(connect(fd, (void *)&a, sizeof a)); R(send(fd, "hi", 2, 0)); a.nl_family = AF_UNSPEC; R(connect(fd, (void *)&a, sizeof a)); a = (struct sockaddr_nl){ AF_NETLINK, 0, 0, 1 }; R(sendto(fd, "short", 5, 0, 0, 0)); R(recv(fd, reply, 100, MSG_DONTWAIT)); R(send(fd, "", 0, 0));
  close(fd); close(two);
}
static void dumps(int fd) {
  struct ifinfomsg link = { AF_UNSPEC }; struct ifaddrmsg address = { AF_UNSPEC }; struct rtmsg route = { AF_UNSPEC }; struct ndmsg neighbour = { AF_UNSPEC }; struct rtgenmsg any = { AF_UNSPEC };
  ask(RTM_GETLINK, NLM_F_DUMP, &link, sizeof link); go(fd, "links");
  ask(RTM_GETADDR, NLM_F_DUMP, &address, sizeof address); go(fd, "addresses");
  ask(RTM_GETADDR, NLM_F_DUMP, &any, sizeof any); go(fd, "addresses, as glibc asks");
  address.ifa_family = AF_INET; ask(RTM_GETADDR, NLM_F_DUMP, &address, sizeof address); go(fd, "addresses of IPv4");
  address.ifa_family = AF_INET6; ask(RTM_GETADDR, NLM_F_DUMP, &address, sizeof address); go(fd, "addresses of IPv6");
  ask(RTM_GETROUTE, NLM_F_DUMP, &route, sizeof route); go(fd, "routes");
  ask(RTM_GETNEIGH, NLM_F_DUMP, &neighbour, sizeof neighbour); go(fd, "neighbours");
  route.rtm_family = AF_INET; ask(RTM_GETRULE, NLM_F_DUMP, &route, sizeof route); go(fd, "rules of IPv4");
  route.rtm_family = AF_INET6; ask(RTM_GETRULE, NLM_F_DUMP, &route, sizeof route); go(fd, "rules of IPv6");
}
static void singles(int fd) {
  struct ifinfomsg link = { AF_UNSPEC, 0, 0, 1 }; struct rtmsg route = { AF_INET }; struct in_addr to = { htonl(0x7f000001) }; struct in6_addr six = IN6ADDR_LOOPBACK_INIT; unsigned mask = 1;
  ask(RTM_GETLINK, 0, &link, sizeof link); with(IFLA_EXT_MASK, &mask, 4); go(fd, "link 1"); link.ifi_index = 0; ask(RTM_GETLINK, 0, &link, sizeof link); with(IFLA_IFNAME, "lo", 3); go(fd, "link lo");
  ask(RTM_GETLINK, 0, &link, sizeof link); with(IFLA_IFNAME, "eth7", 5); go(fd, "no link"); link.ifi_index = 9; ask(RTM_GETLINK, NLM_F_ACK, &link, sizeof link); go(fd, "no link 9"); link.ifi_index = 0; ask(RTM_GETLINK, 0, &link, sizeof link); go(fd, "nameless link");
  route.rtm_dst_len = 32; ask(RTM_GETROUTE, 0, &route, sizeof route); with(RTA_DST, &to, 4); go(fd, "route to 127.0.0.1"); to.s_addr = inet_addr("8.8.8.8"); ask(RTM_GETROUTE, 0, &route, sizeof route); with(RTA_DST, &to, 4); go(fd, "no route");
  route.rtm_family = AF_INET6; route.rtm_dst_len = 128; ask(RTM_GETROUTE, 0, &route, sizeof route); with(RTA_DST, &six, 16); go(fd, "route to ::1");
  ask(NLMSG_NOOP, NLM_F_ACK, 0, 0); go(fd, "noop"); ask(RTM_MAX + 1, NLM_F_ACK, 0, 0); go(fd, "no such type"); ask(19, NLM_F_ACK, &link, sizeof link); go(fd, "set nothing"); ask(RTM_GETLINK, 0, &link, 4); go(fd, "short");
}
static void changes(int fd) {
  struct ifaddrmsg address = { AF_INET, 24, 0, 0, 1 }; struct in_addr own4 = { inet_addr("10.1.2.3") }, wide = { inet_addr("10.1.2.255") }, net = { inet_addr("10.9.0.0") }, gate = { inet_addr("10.1.2.1") }; struct in6_addr own6; inet_pton(AF_INET6, "fd00::7", &own6); int one = 1; unsigned mtu = 1400;
  ask(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &address, sizeof address); with(IFA_LOCAL, &own4, 4); with(IFA_ADDRESS, &own4, 4); with(IFA_BROADCAST, &wide, 4); with(IFA_LABEL, "lo:x", 5); go(fd, "add 10.1.2.3/24");
  ask(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &address, sizeof address); with(IFA_LOCAL, &own4, 4); with(IFA_ADDRESS, &own4, 4); go(fd, "again");
  address.ifa_family = AF_INET6; address.ifa_prefixlen = 64; ask(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &address, sizeof address); with(IFA_LOCAL, &own6, 16); with(IFA_ADDRESS, &own6, 16); go(fd, "add fd00::7/64"); usleep(30000); /* duplicate detection ends beside us */
  struct ifaddrmsg all = { AF_UNSPEC }; ask(RTM_GETADDR, NLM_F_DUMP, &all, sizeof all); go(fd, "addresses"); struct rtmsg list = { AF_UNSPEC }; ask(RTM_GETROUTE, NLM_F_DUMP, &list, sizeof list); go(fd, "routes");
  struct rtmsg route = { AF_INET, 16, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST }; ask(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &route, sizeof route); with(RTA_DST, &net, 4); with(RTA_GATEWAY, &gate, 4); with(RTA_OIF, &one, 4); go(fd, "add 10.9.0.0/16 via 10.1.2.1");
  ask(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &route, sizeof route); with(RTA_DST, &net, 4); with(RTA_GATEWAY, &gate, 4); with(RTA_OIF, &one, 4); go(fd, "again"); ask(RTM_GETROUTE, NLM_F_DUMP, &list, sizeof list); go(fd, "routes"); ask(RTM_DELROUTE, NLM_F_ACK, &route, sizeof route); with(RTA_DST, &net, 4); go(fd, "delete it"); ask(RTM_DELROUTE, NLM_F_ACK, &route, sizeof route); with(RTA_DST, &net, 4); go(fd, "twice");
  address.ifa_family = AF_INET; address.ifa_prefixlen = 24; ask(RTM_DELADDR, NLM_F_ACK, &address, sizeof address); with(IFA_LOCAL, &own4, 4); go(fd, "delete 10.1.2.3"); ask(RTM_DELADDR, NLM_F_ACK, &address, sizeof address); with(IFA_LOCAL, &own4, 4); go(fd, "twice");
  struct ifinfomsg link = { AF_UNSPEC, 0, 0, 1, 0, IFF_UP }; ask(RTM_NEWLINK, NLM_F_ACK, &link, sizeof link); with(IFLA_MTU, &mtu, 4); go(fd, "down, mtu 1400"); link.ifi_change = 0; ask(RTM_GETLINK, 0, &link, sizeof link); go(fd, "link 1"); ask(RTM_GETADDR, NLM_F_DUMP, &all, sizeof all); go(fd, "addresses"); ask(RTM_GETROUTE, NLM_F_DUMP, &list, sizeof list); go(fd, "routes");
  link.ifi_flags = link.ifi_change = IFF_UP; ask(RTM_SETLINK, NLM_F_ACK, &link, sizeof link); go(fd, "up"); ask(RTM_GETADDR, NLM_F_DUMP, &all, sizeof all); go(fd, "addresses"); link.ifi_index = 0; ask(RTM_NEWLINK, NLM_F_ACK, &link, sizeof link); with(IFLA_IFNAME, "eth9", 5); go(fd, "no such link"); ask(RTM_DELLINK, NLM_F_ACK, &link, sizeof link); with(IFLA_IFNAME, "lo", 3); go(fd, "delete lo");
}
static void refusals(void) {
  fflush(stdout);
  if (fork() == 0) {
    setgid(1000); setuid(1000); int fd = netlink(NETLINK_ROUTE); struct ifinfomsg link = { AF_UNSPEC, 0, 0, 1 }; struct ifaddrmsg address = { AF_INET, 24, 0, 0, 1 };
    ask(RTM_NEWLINK, NLM_F_ACK, &link, sizeof link); go(fd, "user: link"); ask(RTM_NEWADDR, NLM_F_ACK, &address, sizeof address); go(fd, "user: address"); ask(RTM_GETADDR, NLM_F_DUMP, &address, sizeof address); go(fd, "user: addresses"); fflush(stdout); _exit(0);
  }
  wait(0);
}
int main(void) {
  sockets();
  loopback_up();
  int fd = netlink(NETLINK_ROUTE);
  dumps(fd); singles(fd); changes(fd); refusals();
  return 0;
}
