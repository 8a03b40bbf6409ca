/**
 * For tests: scripts that pass, to the microsecond and with nothing left over.
 * @module
 */

/** A listener, data both ways, and a close by the peer. */
const server = `
// A server.
\`sysctl -q net.ipv4.tcp_timestamps=0\`

    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 1) = 0

   +0 < S 100:100(0) win 32792 <mss 1000,nop,wscale 7>
   +0 > S. 0:0(0) ack 101 win 64240 <mss 1460,nop,wscale 10>
  +.1 < . 1:1(0) ack 1 win 257
   +0 accept(3, ..., ...) = 4
   +0 getsockopt(4, SOL_TCP, TCP_NODELAY, [0], [4]) = 0
   +0 fcntl(4, F_GETFL) = 0x2 (flags O_RDWR)
   +0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
   +0 read(4, ..., 100) = -1 EAGAIN (Resource temporarily unavailable)

   +0 write(4, ..., 2500) = 2500
   +0 > P. 1:2501(2500) ack 1 win 63
  +.1 < . 1:1(0) ack 2501 win 257
   +0 %{ assert tcpi_unacked == 0; assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd }%

   +0 < P. 1:501(500) ack 2501 win 257
   +0 > . 2501:2501(0) ack 501 win 63
   +0 ioctl(4, SIOCINQ, [500]) = 0
   +0 read(4, ..., 1000) = 500

 +.01 < F. 501:501(0) ack 2501 win 257
+.040 > . 2501:2501(0) ack 502 win 63
   +0 read(4, ..., 1000) = 0
   +0 close(4) = 0
   +0 > F. 2501:2501(0) ack 502 win 63
 +.01 < . 502:502(0) ack 2502 win 257
 +.01 < . 502:502(0) ack 2502 win 257
   +0 > R 2502:2502(0) win 0
`;

/** A client with timestamps, and a retransmission. */
const client = `
--tcp_ts_tick_usecs=1000

    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
   +0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
   +0 > S 0:0(0) win 64240 <mss 1460,sackOK,TS val 1000 ecr 0,nop,wscale 10>
  +.1 < S. 7:7(0) ack 1 win 5792 <mss 1460,nop,nop,TS val 700 ecr 1000,nop,wscale 2>
   +0 > . 1:1(0) ack 1 win 63 <nop,nop,TS val 1100 ecr 700>
   +0 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0
   +0 poll([{fd=3, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1
   +1 write(3, ..., 1000) = 1000
   +0 > P. 1:1001(1000) ack 1 win 63 <nop,nop,TS val 2100 ecr 700>
+.300 > P. 1:1001(1000) ack 1 win 63 <nop,nop,TS val 2400 ecr 700>
  +.1 < . 1:1(0) ack 1001 win 257 <nop,nop,TS val 800 ecr 2400>
`;

/** Calls that wait. */
const blocking = `
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 1) = 0
   +0...0.200 accept(3, ..., ...) = 4
  +.1 < S 0:0(0) win 32792 <mss 1000>
   +0 > S. 0:0(0) ack 1 <mss 1460>
  +.1 < . 1:1(0) ack 1 win 257
  +.1...0.150 recvmsg(4, {msg_name(...)=..., msg_iov(2)=[{..., 10}, {..., 90}], msg_flags=0}, 0) = 30
  +.05 < P. 1:31(30) ack 1 win 257
   +0 > . 1:1(0) ack 31
  +.01 shutdown(4, SHUT_WR) = 0
   +0 > F. 1:1(0) ack 31
   +0 send(4, ..., 10, MSG_NOSIGNAL) = -1 EPIPE (Broken pipe)
`;

/** epoll, errors of ICMP, segments that a line joins. */
const events = `
\`ethtool -K tun0 tso off gso off\`
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 1) = 0
   +0 < S 0:0(0) win 32792 <mss 1000>
   +0 > S. 0:0(0) ack 1 <mss 1460>
   +0 < . 1:1(0) ack 1 win 30000
   +0 accept(3, ..., ...) = 4
   +0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
   +0 epoll_create(1) = 5
   +0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLOUT|EPOLLET, fd=4}) = 0
   +0 epoll_wait(5, {events=EPOLLOUT, fd=4}, 1, 0) = 1
   +0 epoll_wait(5, {events=0, ptr=0}, 1, 0) = 0
   +0 < P. 1:101(100) ack 1 win 30000
   +0 > . 1:1(0) ack 101
   +0 epoll_wait(5, {events=EPOLLIN|EPOLLOUT, fd=4}, 1, 0) = 1
   +0 epoll_wait(5, {events=0, ptr=0}, 1, 0) = 0
   +0 write(4, ..., 5000) = 5000
   +0 > P. 1:5001(5000) ack 101
  +.1 < icmp unreachable host_unreachable [1:1001(1000)]
   +0 getsockopt(4, SOL_SOCKET, SO_ERROR, [EHOSTUNREACH], [4]) = 0
   +0 < R. 101:101(0) ack 1 win 0
   +0 epoll_wait(5, {events=EPOLLIN|EPOLLOUT|EPOLLERR|EPOLLHUP, fd=4}, 1, 0) = 1
   +0 write(4, ..., 10) = -1 ECONNRESET (Connection reset by peer)
`;

/** Bytes that are lent; a TUN copies them, and the error queue says so. */
const zerocopy = `
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 setsockopt(3, SOL_SOCKET, SO_ZEROCOPY, [1], 4) = 0
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 1) = 0
   +0 < S 0:0(0) win 32792 <mss 1000>
   +0 > S. 0:0(0) ack 1 <mss 1460>
   +0 < . 1:1(0) ack 1 win 30000
   +0 accept(3, ..., ...) = 4
   +0 send(4, ..., 4000, MSG_ZEROCOPY) = 4000
   +0 > P. 1:4001(4000) ack 1
   +0 < . 1:1(0) ack 4001 win 30000
   +0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 0}], msg_flags=MSG_ERRQUEUE,
                  msg_control=[{cmsg_level=CMSG_LEVEL_IP, cmsg_type=CMSG_TYPE_RECVERR,
                                cmsg_data={ee_errno=0, ee_origin=SO_EE_ORIGIN_ZEROCOPY, ee_type=0,
                                           ee_code=SO_EE_CODE_ZEROCOPY_COPIED, ee_info=0, ee_data=0}}]}, MSG_ERRQUEUE) = 0
   +0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 0}], msg_flags=MSG_ERRQUEUE,
                  msg_control=[]}, MSG_ERRQUEUE) = -1 EAGAIN (Resource temporarily unavailable)
`;

/** Datagrams. */
const datagrams = `
    0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3
   +0 connect(3, ..., ...) = 0
   +0 write(3, ..., 20) = 20
   +0 > udp (20)
  +.1 < udp (10)
   +0 read(3, ..., 100) = 10
   +0 write(3, ..., 20) = 20
   +0 > udp (20)
  +.1 < icmp unreachable port_unreachable
   +0 read(3, ..., 100) = -1 ECONNREFUSED (Connection refused)
`;

/** By name. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  server,
  client,
  blocking,
  events,
  zerocopy,
  datagrams,
};
