/** Lines of strace 6.1 on Linux 6.18 x86-64, from a Python program; only addresses in memory are replaced. */
import { describe, expect, it } from 'vitest';
import type { SocketAddress } from '../address.ts';
import { bytes } from '../fixture.ts';
import * as s from '../index.ts';

const P = '0x7ffd00000000';
const LO: SocketAddress = { address: '127.0.0.1', family: 'IPv4', port: 33_359 };
const LO_TEXT = '{sa_family=AF_INET, sin_port=htons(33359), sin_addr=inet_addr("127.0.0.1")}';
const REQUEST = bytes('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n');

type Given<Call> = Call extends s.Syscall ? Omit<Call, 'pid' | 'start' | 'end' | 'result' | 'errno'> : never;
type Row = [line: string, call: Given<s.Syscall>, result?: number | string];

function traced(data: Uint8Array): s.TracedBytes {
  return { data, length: data.length };
}

function ended(call: Given<s.Syscall>, result: number | string = 0): s.Syscall {
  const isError = typeof result === 'string';
  return {
    pid: 1,
    start: 0,
    end: 0,
    result: isError ? -1 : result,
    errno: isError ? result : '',
    ...call,
  } as s.Syscall;
}

const sendto = { name: 'sendto', fd: 4, flags: 0, address: undefined } as const;
const recvfrom = {
  name: 'recvfrom',
  fd: 5,
  family: s.AF_INET,
  flags: 0,
  wantsAddress: false,
  address: undefined,
} as const;
const recvmsg = {
  name: 'recvmsg',
  fd: 5,
  family: s.AF_INET,
  type: s.SOCK_DGRAM,
  sizes: [100],
  buffers: [],
  flags: 0,
  address: undefined,
  control: [],
  messageFlags: 0,
} as const;
const lladdr = {
  address: '',
  family: 'packet',
  ifindex: 1,
  ifname: 'lo',
  protocol: s.ETH_P_IP,
  pktType: 0,
  hatype: 0,
} as const;
const opt = (level: number, option: number, value: s.OptionData) =>
  ({ name: 'setsockopt', fd: 4, level, option, value }) as const;
const got = (level: number, option: number, value: s.OptionData | undefined) =>
  ({ name: 'getsockopt', fd: 4, level, option, value }) as const;

const rows: Row[] = [
  [
    'socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3',
    { name: 'socket', family: 2, type: 1 | s.SOCK_CLOEXEC, protocol: 6 },
    3,
  ],
  [
    'socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 7',
    { name: 'socket', family: 2, type: 1 | s.SOCK_CLOEXEC | s.SOCK_NONBLOCK, protocol: 0 },
    7,
  ],
  [
    'socket(AF_INET, SOCK_RAW|SOCK_CLOEXEC|0x60, IPPROTO_IP) = -1 EINVAL (Invalid argument)',
    { name: 'socket', family: 2, type: 3 | s.SOCK_CLOEXEC | 0x60, protocol: 0 },
    'EINVAL',
  ],
  [
    'socket(0x63 /* AF_??? */, SOCK_STREAM|SOCK_CLOEXEC, 0) = -1 EAFNOSUPPORT (Address family not supported by protocol)',
    { name: 'socket', family: 99, type: 1 | s.SOCK_CLOEXEC, protocol: 0 },
    'EAFNOSUPPORT',
  ],
  [
    'socket(AF_PACKET, SOCK_DGRAM|SOCK_CLOEXEC, htons(0 /* ETH_P_??? */)) = 7',
    { name: 'socket', family: 17, type: 2 | s.SOCK_CLOEXEC, protocol: 0 },
    7,
  ],
  [
    'socket(AF_PACKET, SOCK_RAW|SOCK_CLOEXEC, htons(ETH_P_ALL)) = 7',
    { name: 'socket', family: 17, type: 3 | s.SOCK_CLOEXEC, protocol: 3 },
    7,
  ],
  [
    'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
    { name: 'bind', fd: 3, address: { ...LO, port: 0 } as SocketAddress },
  ],
  [
    'bind(8, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
    { name: 'bind', fd: 8, address: { address: '::1', family: 'IPv6', port: 0, flowlabel: 0, scopeid: 0 } },
  ],
  [
    'bind(7, {sa_family=AF_PACKET, sll_protocol=htons(ETH_P_IP), sll_ifindex=if_nametoindex("lo"), sll_hatype=ARPHRD_NETROM, sll_pkttype=PACKET_HOST, sll_halen=0}, 20) = 0',
    { name: 'bind', fd: 7, address: lladdr },
  ],
  ['listen(3, 5)            = 0', { name: 'listen', fd: 3, backlog: 5 }],
  [`getsockname(3, ${LO_TEXT}, [16]) = 0`, { name: 'getsockname', fd: 3, family: 2, address: LO }],
  [
    'getsockname(7, {sa_family=AF_PACKET, sa_data="\\10\\0\\1\\0\\0\\0\\4\\3\\0\\6\\0\\0\\0\\0\\0\\0"}, [20 => 18]) = 0',
    {
      name: 'getsockname',
      fd: 7,
      family: 17,
      address: { ...lladdr, hatype: 772, address: '00:00:00:00:00:00' },
    },
  ],
  [
    `getpeername(3, ${P}, [16]) = -1 ENOTCONN (Transport endpoint is not connected)`,
    { name: 'getpeername', fd: 3, family: 2, address: undefined },
    'ENOTCONN',
  ],
  [
    `getpeername(8, ${P}, [28]) = -1 ENOTCONN (Transport endpoint is not connected)`,
    { name: 'getpeername', fd: 8, family: 10, address: undefined },
    'ENOTCONN',
  ],
  ['setsockopt(4, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0', opt(1, s.SO_REUSEADDR, 1)],
  ['setsockopt(4, SOL_TCP, TCP_NODELAY, [1], 4) = 0', opt(6, s.TCP_NODELAY, 1)],
  [
    'setsockopt(4, SOL_TCP, TCP_REPAIR_OPTIONS, "\\2\\0\\0\\0\\350\\3\\0\\0\\4\\0\\0\\0\\0\\0\\0\\0", 16) = 0',
    opt(6, s.TCP_REPAIR_OPTIONS, [
      { optCode: 2, optVal: 1000 },
      { optCode: 4, optVal: 0 },
    ]),
  ],
  [
    'setsockopt(4, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}, 8) = 0',
    opt(1, s.SO_LINGER, { onoff: true, linger: 5 }),
  ],
  [
    'setsockopt(4, SOL_SOCKET, SO_RCVTIMEO_OLD, "\\2\\0\\0\\0\\0\\0\\0\\0\\5\\0\\0\\0\\0\\0\\0\\0", 16) = 0',
    opt(1, s.SO_RCVTIMEO, { sec: 2, usec: 5 }),
  ],
  [
    'setsockopt(4, SOL_SOCKET, SO_RCVTIMEO_OLD, "\\2\\0\\0\\0\\0\\0\\0\\0\\5\\0\\0\\0\\0\\0\\0\\0", 16) = 0',
    opt(1, s.SO_RCVTIMEO, 2000.005),
  ],
  [
    'setsockopt(4, SOL_SOCKET, SO_RCVTIMEO_OLD, "\\0\\0\\0\\0\\0\\0\\0\\0@B\\17\\0\\0\\0\\0\\0", 16) = -1 EDOM (Numerical argument out of domain)',
    opt(1, s.SO_RCVTIMEO, { sec: 0, usec: 1_000_000 }),
    'EDOM',
  ],
  ['setsockopt(4, SOL_SOCKET, SO_TIMESTAMP_OLD, [1], 4) = 0', opt(1, s.SO_TIMESTAMP, 1)],
  ['setsockopt(4, SOL_SOCKET, SO_TIMESTAMPNS_OLD, [1], 4) = 0', opt(1, s.SO_TIMESTAMPNS, 1)],
  ['setsockopt(4, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) = 0', opt(1, s.SO_BINDTODEVICE, 'lo')],
  [
    'setsockopt(4, SOL_SOCKET, 0x309 /* SO_??? */, [1], 4) = -1 ENOPROTOOPT (Protocol not available)',
    opt(1, 777, 1),
    'ENOPROTOOPT',
  ],
  [
    'setsockopt(4, SOL_TCP, 0x63 /* TCP_??? */, [500], 4) = -1 ENOPROTOOPT (Protocol not available)',
    opt(6, 99, 500),
    'ENOPROTOOPT',
  ],
  [
    'setsockopt(4, 0x4d /* SOL_?? */, 103, [500], 4) = -1 ENOPROTOOPT (Protocol not available)',
    opt(77, 103, 500),
    'ENOPROTOOPT',
  ],
  ['setsockopt(4, SOL_TCP, TCP_CONGESTION, "cubic", 5) = 0', opt(6, s.TCP_CONGESTION, 'cubic')],
  ['setsockopt(4, SOL_TCP, TCP_CONGESTION, [1869505906], 4) = 0', opt(6, s.TCP_CONGESTION, 'reno')],
  ['setsockopt(4, SOL_SOCKET, SO_BINDTODEVICE, [812151909], 4) = 0', opt(1, s.SO_BINDTODEVICE, 'eth0')],
  ['setsockopt(4, SOL_IP, IP_TTL, [7], 4) = 0', opt(0, s.IP_TTL, 7)],
  ['setsockopt(4, SOL_IP, IP_ORIGDSTADDR, [1], 4) = 0', opt(0, s.IP_RECVORIGDSTADDR, 1)],
  [
    'setsockopt(4, SOL_IP, IP_MULTICAST_IF, [16777343], 4) = -1 EINVAL (Invalid argument)',
    opt(0, s.IP_MULTICAST_IF, '127.0.0.1'),
    'EINVAL',
  ],
  [
    'setsockopt(4, SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=inet_addr("224.0.0.7"), imr_interface=inet_addr("0.0.0.0")}, 12) = 0',
    opt(0, s.IP_ADD_MEMBERSHIP, { multiaddr: '224.0.0.7', ifindex: 1 }),
  ],
  [
    'setsockopt(4, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, "\\340\\0\\0\\7\\177\\0\\0\\1\\1\\2\\3\\4", 12) = 0',
    opt(0, s.IP_ADD_SOURCE_MEMBERSHIP, {
      multiaddr: '224.0.0.7',
      interface: '127.0.0.1',
      sourceaddr: '1.2.3.4',
    }),
  ],
  [
    'setsockopt(4, SOL_UDP, UDP_SEGMENT, [500], 4) = -1 ENOPROTOOPT (Protocol not available)',
    opt(17, s.UDP_SEGMENT, 500),
    'ENOPROTOOPT',
  ],
  [
    'setsockopt(4, SOL_PACKET, PACKET_ADD_MEMBERSHIP, {mr_ifindex=if_nametoindex("lo"), mr_type=PACKET_MR_PROMISC, mr_alen=0, mr_address=}, 16) = 0',
    opt(263, s.PACKET_ADD_MEMBERSHIP, { ifindex: 1, type: 1 }),
  ],
  [
    'getsockopt(4, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}, [8]) = 0',
    got(1, s.SO_LINGER, { onoff: 1, linger: 5 }),
  ],
  [
    'getsockopt(4, SOL_SOCKET, SO_RCVTIMEO_OLD, "\\2\\0\\0\\0\\0\\0\\0\\0\\240\\17\\0\\0\\0\\0\\0\\0", [16]) = 0',
    got(1, s.SO_RCVTIMEO, { sec: 2, usec: 4000 }),
  ],
  ['getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4]) = 0', got(1, s.SO_ERROR, 0)],
  ['getsockopt(4, SOL_SOCKET, SO_PROTOCOL, [6], [4]) = 0', got(1, s.SO_PROTOCOL, 6)],
  [
    'getsockopt(4, SOL_TCP, TCP_CONGESTION, "reno\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0", [16]) = 0',
    got(6, s.TCP_CONGESTION, 'reno'),
  ],
  ['getsockopt(4, SOL_SOCKET, SO_BINDTODEVICE, "lo\\0", [16 => 3]) = 0', got(1, s.SO_BINDTODEVICE, 'lo')],
  [
    'getsockopt(4, SOL_TCP, TCP_REPAIR_WINDOW, "\\263)~\\247\\313\\377\\0\\0\\313\\377\\0\\0\\0\\0\\1\\0\\264)~\\247", [20]) = 0',
    got(6, s.TCP_REPAIR_WINDOW, {
      sndWl1: 0xa77e29b3,
      sndWnd: 65_483,
      maxWindow: 65_483,
      rcvWnd: 65_536,
      rcvWup: 0xa77e29b4,
    }),
  ],
  [
    'getsockopt(4, SOL_PACKET, PACKET_STATISTICS, {tp_packets=1, tp_drops=0}, [8]) = 0',
    got(263, s.PACKET_STATISTICS, { packets: 1, drops: 0 }),
  ],
  [
    `getsockopt(4, SOL_SOCKET, 0x309 /* SO_??? */, ${P}, [4]) = -1 ENOPROTOOPT (Protocol not available)`,
    got(1, 777, undefined),
    'ENOPROTOOPT',
  ],
  [`connect(4, ${LO_TEXT}, 16) = 0`, { name: 'connect', fd: 4, address: LO }],
  [
    `connect(4, ${LO_TEXT}, 16) = -1 ECONNREFUSED (Connection refused)`,
    { name: 'connect', fd: 4, address: LO },
    'ECONNREFUSED',
  ],
  [
    `connect(4, ${LO_TEXT}, 16) = -1 EINPROGRESS (Operation now in progress)`,
    { name: 'connect', fd: 4, address: LO },
    'EINPROGRESS',
  ],
  [
    'connect(6, {sa_family=AF_UNSPEC, sa_data="\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"}, 16) = 0',
    { name: 'connect', fd: 6, address: { family: 'unspec' } },
  ],
  [
    `accept4(3, ${LO_TEXT}, [16], SOCK_CLOEXEC) = 5`,
    { name: 'accept4', fd: 3, family: 2, flags: s.SOCK_CLOEXEC, address: LO },
    5,
  ],
  [
    `accept4(7, ${P}, [16], SOCK_CLOEXEC) = -1 EINVAL (Invalid argument)`,
    { name: 'accept4', fd: 7, family: 2, flags: s.SOCK_CLOEXEC, address: undefined },
    'EINVAL',
  ],
  [`accept(3, ${LO_TEXT}, [16]) = 5`, { name: 'accept', fd: 3, family: 2, flags: 0, address: LO }, 5],
  [
    'sendto(4, "GET / HTTP/1.1\\r\\nHost: example.co"..., 37, 0, NULL, 0) = 37',
    { ...sendto, buffer: traced(REQUEST) },
    37,
  ],
  [
    'sendto(4, "\\0\\1\\177\\377\\"\\\\\\t1\\0002", 10, 0, NULL, 0) = 10',
    { ...sendto, buffer: traced(Uint8Array.of(0, 1, 127, 255, 34, 92, 9, 49, 0, 50)) },
    10,
  ],
  [
    'sendto(4, "x", 1, MSG_NOSIGNAL|MSG_MORE, NULL, 0) = 1',
    { ...sendto, buffer: traced(bytes('x')), flags: s.MSG_MORE | s.MSG_NOSIGNAL },
    1,
  ],
  [
    'sendto(4, "x", 1, 0x10000000 /* MSG_??? */, NULL, 0) = 1',
    { ...sendto, buffer: traced(bytes('x')), flags: 0x1000_0000 },
    1,
  ],
  [`sendto(4, "", 0, 0, ${LO_TEXT}, 16) = 0`, { ...sendto, buffer: traced(bytes('')), address: LO }],
  [
    'sendto(4, "xxxxxxxxxxxxxxxxxxxx", 20, 0, {sa_family=AF_PACKET, sll_protocol=htons(ETH_P_IP), sll_ifindex=if_nametoindex("lo"), sll_hatype=ARPHRD_ETHER, sll_pkttype=PACKET_HOST, sll_halen=6, sll_addr=[0x1, 0x2, 0x3, 0x4, 0x5, 0x6]}, 20) = 20',
    {
      ...sendto,
      buffer: traced(bytes('x'.repeat(20))),
      address: { ...lladdr, hatype: 1, address: '01:02:03:04:05:06' },
    },
    20,
  ],
  [
    'recvfrom(5, "GET / HTTP/1.1\\r\\nHost: example.co"..., 1024, 0, NULL, NULL) = 37',
    { ...recvfrom, size: 1024, buffer: traced(REQUEST) },
    37,
  ],
  ['recvfrom(5, "", 3, 0, NULL, NULL) = 0', { ...recvfrom, size: 3, buffer: traced(bytes('')) }],
  [
    'recvfrom(5, "xxx", 10, MSG_DONTWAIT|MSG_WAITALL, NULL, NULL) = 3',
    { ...recvfrom, size: 10, buffer: traced(bytes('xxx')), flags: s.MSG_DONTWAIT | s.MSG_WAITALL },
    3,
  ],
  [
    `recvfrom(5, ${P}, 1, MSG_DONTWAIT, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)`,
    { ...recvfrom, size: 1, buffer: traced(bytes('')), flags: s.MSG_DONTWAIT },
    'EAGAIN',
  ],
  [
    `recvfrom(5, ${P}, 10, MSG_DONTWAIT|0x1000000, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)`,
    { ...recvfrom, size: 10, buffer: traced(bytes('')), flags: s.MSG_DONTWAIT | 0x100_0000 },
    'EAGAIN',
  ],
  [
    `recvfrom(5, "abc", 100, 0, ${LO_TEXT}, [16]) = 3`,
    { ...recvfrom, size: 100, buffer: traced(bytes('abc')), wantsAddress: true, address: LO },
    3,
  ],
  [
    'recvfrom(5, "\\0\\0\\10\\0E\\0\\0355\\21\\79", 100, 0, {sa_family=AF_PACKET, sll_protocol=htons(ETH_P_IP), sll_ifindex=if_nametoindex("lo"), sll_hatype=ARPHRD_LOOPBACK, sll_pkttype=PACKET_HOST, sll_halen=6, sll_addr=[00, 00, 00, 00, 00, 00]}, [20]) = 11',
    {
      ...recvfrom,
      size: 100,
      buffer: traced(Uint8Array.of(0, 0, 8, 0, 0x45, 0, 0x1d, 0x35, 17, 7, 0x39)),
      wantsAddress: true,
      address: { ...lladdr, hatype: 772, address: '00:00:00:00:00:00' },
    },
    11,
  ],
  [
    'sendmsg(4, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hello", iov_len=5}, {iov_base="world", iov_len=5}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 10',
    {
      name: 'sendmsg',
      fd: 4,
      buffers: [traced(bytes('hello')), traced(bytes('world'))],
      flags: 0,
      address: undefined,
      control: [],
    },
    10,
  ],
  [
    `sendmsg(6, {msg_name=${LO_TEXT}, msg_namelen=16, msg_iov=[{iov_base="b", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=28, cmsg_level=SOL_IP, cmsg_type=IP_PKTINFO, cmsg_data={ipi_ifindex=if_nametoindex("lo"), ipi_spec_dst=inet_addr("127.0.0.1"), ipi_addr=inet_addr("0.0.0.0")}}, {cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[5]}, {cmsg_len=18, cmsg_level=SOL_UDP, cmsg_type=0x67}, {cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TOS, cmsg_data=[0x5, 0, 0, 0]}], msg_controllen=104, msg_flags=0}, 0) = 1`,
    {
      name: 'sendmsg',
      fd: 6,
      buffers: [traced(bytes('b'))],
      flags: 0,
      address: LO,
      control: [
        { level: 0, type: s.IP_PKTINFO, value: { ifindex: 1, specDst: '127.0.0.1', addr: '0.0.0.0' } },
        { level: 0, type: s.IP_TTL, value: 5 },
        { level: 17, type: s.UDP_SEGMENT, value: 20 },
        { level: 0, type: s.IP_TOS, value: 5 },
      ],
    },
    1,
  ],
  [
    `recvmsg(5, {msg_name=${LO_TEXT}, msg_namelen=16, msg_iov=[{iov_base="xxxxxxxxxx", iov_len=10}], msg_iovlen=1, msg_control=[{cmsg_len=32, cmsg_level=SOL_SOCKET, cmsg_type=SO_TIMESTAMP_OLD, cmsg_data={tv_sec=1795644141, tv_usec=933805}}, {cmsg_len=28, cmsg_level=SOL_IP, cmsg_type=IP_PKTINFO, cmsg_data={ipi_ifindex=if_nametoindex("lo"), ipi_spec_dst=inet_addr("127.0.0.1"), ipi_addr=inet_addr("127.0.0.1")}}, {cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[64]}, {cmsg_len=17, cmsg_level=SOL_IP, cmsg_type=IP_TOS, cmsg_data=[0]}], msg_controllen=112, msg_flags=MSG_TRUNC}, MSG_TRUNC) = 40`,
    {
      ...recvmsg,
      sizes: [10],
      buffers: [traced(bytes('x'.repeat(10)))],
      flags: s.MSG_TRUNC,
      address: LO,
      control: [
        { level: 1, type: s.SO_TIMESTAMP, value: { sec: 1_795_644_141, usec: 933_805 } },
        { level: 0, type: s.IP_PKTINFO, value: { ifindex: 1, specDst: '127.0.0.1', addr: '127.0.0.1' } },
        { level: 0, type: s.IP_TTL, value: 64 },
        { level: 0, type: s.IP_TOS, value: 0 },
      ],
      messageFlags: s.MSG_TRUNC,
    },
    40,
  ],
  [
    `recvmsg(5, {msg_name=${LO_TEXT}, msg_namelen=16, msg_iov=[{iov_base="hi", iov_len=100}], msg_iovlen=1, msg_control=[{cmsg_len=32, cmsg_level=SOL_SOCKET, cmsg_type=SO_TIMESTAMPNS_OLD, cmsg_data={tv_sec=1795644908, tv_nsec=286017501}}, {cmsg_len=32, cmsg_level=SOL_IP, cmsg_type=IP_ORIGDSTADDR, cmsg_data=${LO_TEXT}}], msg_controllen=64, msg_flags=0}, 0) = 2`,
    {
      ...recvmsg,
      buffers: [traced(bytes('hi'))],
      address: LO,
      control: [
        { level: 1, type: s.SO_TIMESTAMPNS, value: { sec: 1_795_644_908, nsec: 286_017_501 } },
        { level: 0, type: s.IP_ORIGDSTADDR, value: LO },
      ],
    },
    2,
  ],
  [
    `recvmsg(5, {msg_name=${LO_TEXT}, msg_namelen=16, msg_iov=[{iov_base="hi", iov_len=100}], msg_iovlen=1, msg_control=[{cmsg_len=48, cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={ee_errno=111, ee_origin=2, ee_type=3, ee_code=3, ee_info=0, ee_data=0, offender={sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}}}], msg_controllen=48, msg_flags=MSG_ERRQUEUE}, MSG_ERRQUEUE) = 2`,
    {
      ...recvmsg,
      buffers: [traced(bytes('hi'))],
      flags: s.MSG_ERRQUEUE,
      address: LO,
      control: [
        {
          level: 0,
          type: s.IP_RECVERR,
          value: {
            errno: 'ECONNREFUSED',
            origin: 2,
            type: 3,
            code: 3,
            info: 0,
            data: 0,
            offender: { address: '127.0.0.1', family: 'IPv4', port: 0 },
          },
        },
      ],
      messageFlags: s.MSG_ERRQUEUE,
    },
    2,
  ],
  [
    'recvmsg(5, {msg_namelen=16}, MSG_ERRQUEUE) = -1 EAGAIN (Resource temporarily unavailable)',
    { ...recvmsg, flags: s.MSG_ERRQUEUE },
    'EAGAIN',
  ],
  [
    'recvmsg(5, {msg_namelen=16}, MSG_TRUNC) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)',
    { ...recvmsg, flags: s.MSG_TRUNC },
    'EINTR',
  ],
  [
    'recvmsg(5, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="", iov_len=2}, {iov_base="", iov_len=3}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 0',
    { ...recvmsg, type: s.SOCK_STREAM, sizes: [2, 3], buffers: [traced(bytes('')), traced(bytes(''))] },
  ],
  ['shutdown(4, SHUT_WR)    = 0', { name: 'shutdown', fd: 4, how: s.SHUT_WR }],
  [
    'shutdown(4, 0x7 /* SHUT_??? */) = -1 EINVAL (Invalid argument)',
    { name: 'shutdown', fd: 4, how: 7 },
    'EINVAL',
  ],
  [
    'poll([{fd=5, events=POLLIN|POLLOUT|POLLRDHUP}, {fd=3, events=POLLIN|POLLPRI}, {fd=77, events=POLLIN}], 3, 10) = 2 ([{fd=5, revents=POLLIN|POLLOUT|POLLRDHUP}, {fd=77, revents=POLLNVAL}])',
    {
      name: 'poll',
      timeout: 10,
      fds: [
        { fd: 5, events: 0x2005, revents: 0x2005 },
        { fd: 3, events: 3, revents: 0 },
        { fd: 77, events: 1, revents: 0x20 },
      ],
    },
    2,
  ],
  [
    'poll([{fd=3, events=POLLIN}], 1, 10) = 0 (Timeout)',
    { name: 'poll', timeout: 10, fds: [{ fd: 3, events: 1, revents: 0 }] },
  ],
  ['ioctl(5, FIONREAD, [7]) = 0', { name: 'ioctl', fd: 5, request: s.SIOCINQ, value: 7 }],
  ['ioctl(5, TIOCOUTQ, [0]) = 0', { name: 'ioctl', fd: 5, request: s.SIOCOUTQ, value: 0 }],
  [
    `ioctl(3, FIONREAD, ${P}) = -1 EINVAL (Invalid argument)`,
    { name: 'ioctl', fd: 3, request: s.SIOCINQ, value: 0 },
    'EINVAL',
  ],
  ['close(3)                = 0', { name: 'close', fd: 3 }],
];

describe('formatSyscall', () => {
  it.each(rows)('%s', (line, call, result) => {
    const ifname = (ifindex: number) => (ifindex === 1 ? 'lo' : '');
    const text = s.formatSyscall(ended(call, result), { duration: false, ifname });
    expect(text).toBe(`00:00:00.000000 ${line}`);
  });

  it('tells when, how long, and who', () => {
    const call = {
      ...ended({ name: 'socket', family: 2, type: 1, protocol: 6 }, 3),
      start: 123,
      end: 127,
      pid: 42,
    };
    const line = 'socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3';
    expect(s.formatSyscall(call, { origin: 12 * 3_600_000_000 })).toBe(`12:00:00.000123 ${line} <0.000004>`);
    expect(s.formatSyscall({ ...call, end: 61_000_123 }, { time: false })).toBe(`${line} <61.000000>`);
    expect(s.formatSyscall(call, { time: false, duration: false, pid: true })).toBe(`[pid    42] ${line}`);
    expect(s.formatSyscall(call, { origin: -1_000_000, duration: false })).toBe(`23:59:59.000123 ${line}`);
    expect(s.formatSyscall({ ...call, start: 86_400_000_000 }, { duration: false })).toBe(
      `00:00:00.000000 ${line}`,
    );
  });

  it('counts the process to the column of results', () => {
    const call = { ...ended({ name: 'listen', fd: 3, backlog: 1 }, 0), pid: 6445 };
    expect(s.formatSyscall(call, { time: false, duration: false, pid: true })).toBe(
      '[pid  6445] listen(3, 1)                = 0',
    );
  });

  it('aligns short calls without the time too', () => {
    const call = ended({ name: 'listen', fd: 3, backlog: 5 });
    expect(s.formatSyscall(call, { time: false, duration: false })).toBe(
      'listen(3, 5)                            = 0',
    );
  });

  it('cuts strings where it is told', () => {
    const call = ended({ ...sendto, buffer: traced(REQUEST) }, 37);
    const text = s.formatSyscall(call, { time: false, duration: false, strings: 5 });
    expect(text).toBe('sendto(4, "GET /"..., 37, 0, NULL, 0)   = 37');
    expect(s.formatSyscall(call, { strings: 64 })).toContain('Host: example.com\\r\\n\\r\\n", 37');
  });

  it('tells which calls -e trace=network shows', () => {
    expect(s.isNetworkCall(ended({ name: 'close', fd: 3 }))).toBe(false);
    expect(s.isNetworkCall(ended({ name: 'listen', fd: 3, backlog: 1 }))).toBe(true);
  });
});
