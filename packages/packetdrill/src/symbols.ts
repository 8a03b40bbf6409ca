/**
 * Linux's constants, by the names that scripts use.
 * @module
 */
import * as socket from '@stack/socket';
import { own } from './own.ts';

/** What `@stack/socket` has a name for. */
const OF_SOCKET: Readonly<Record<string, unknown>> = socket;

/** What it has not: options and flags of mechanisms that sockets may or may not know, files, epoll. */
const MORE: Readonly<Record<string, number>> = {
  NULL: 0,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_NONBLOCK: 0o4000,
  F_GETFL: 3,
  F_SETFL: 4,
  SHUT_RD: 0,
  SHUT_WR: 1,
  SHUT_RDWR: 2,
  SO_INCOMING_CPU: 49,
  SO_TXTIME: 61,
  SO_RESERVE_MEM: 73,
  SO_TXREHASH: 74,
  IP_RECVERR: 11,
  IPV6_RECVERR: 25,
  TCP_THIN_LINEAR_TIMEOUTS: 16,
  TCP_THIN_DUPACK: 17,
  TCP_MD5SIG: 14,
  TCP_REPAIR: 19,
  TCP_REPAIR_QUEUE: 20,
  TCP_QUEUE_SEQ: 21,
  TCP_REPAIR_OPTIONS: 22,
  TCP_FASTOPEN: 23,
  TCP_TIMESTAMP: 24,
  TCP_CC_INFO: 26,
  TCP_SAVE_SYN: 27,
  TCP_SAVED_SYN: 28,
  TCP_REPAIR_WINDOW: 29,
  TCP_FASTOPEN_CONNECT: 30,
  TCP_ULP: 31,
  TCP_MD5SIG_EXT: 32,
  TCP_FASTOPEN_KEY: 33,
  TCP_FASTOPEN_NO_COOKIE: 34,
  TCP_ZEROCOPY_RECEIVE: 35,
  TCP_TX_DELAY: 37,
  TCP_AO_ADD_KEY: 38,
  TCP_AO_DEL_KEY: 39,
  TCP_AO_INFO: 40,
  TCP_AO_GET_KEYS: 41,
  TCP_AO_REPAIR: 42,
  TCP_IS_MPTCP: 43,
  SO_EE_ORIGIN_NONE: 0,
  EPOLLIN: 0x001,
  EPOLLPRI: 0x002,
  EPOLLOUT: 0x004,
  EPOLLERR: 0x008,
  EPOLLHUP: 0x010,
  EPOLLRDNORM: 0x040,
  EPOLLRDBAND: 0x080,
  EPOLLWRNORM: 0x100,
  EPOLLWRBAND: 0x200,
  EPOLLMSG: 0x400,
  EPOLLRDHUP: 0x2000,
  EPOLLEXCLUSIVE: 2 ** 28,
  EPOLLWAKEUP: 2 ** 29,
  EPOLLONESHOT: 2 ** 30,
  EPOLLET: 2 ** 31,
  EPOLL_CTL_ADD: 1,
  EPOLL_CTL_DEL: 2,
  EPOLL_CTL_MOD: 3,
  MSG_EOR: 0x80,
  MSG_SYN: 0x400,
  SPLICE_F_MOVE: 1,
  SPLICE_F_NONBLOCK: 2,
  SPLICE_F_MORE: 4,
};

/** The value of a name; `undefined` where Linux has none that is known here. */
export function symbolValue(name: string): number | undefined {
  const value = own(OF_SOCKET, name);
  if (typeof value === 'number') return value;
  const more = own(MORE, name);
  if (more !== undefined) return more;
  return socket.isErrno(name) ? socket.errnoNumber(name) : undefined;
}

/** Names of assertions: states and flags of `struct tcp_info`. */
export const CODE_NAMES: Readonly<Record<string, number>> = {
  TCP_ESTABLISHED: 1,
  TCP_SYN_SENT: 2,
  TCP_SYN_RECV: 3,
  TCP_FIN_WAIT1: 4,
  TCP_FIN_WAIT2: 5,
  TCP_TIME_WAIT: 6,
  TCP_CLOSE: 7,
  TCP_CLOSE_WAIT: 8,
  TCP_LAST_ACK: 9,
  TCP_LISTEN: 10,
  TCP_CLOSING: 11,
  TCP_CA_Open: 0,
  TCP_CA_Disorder: 1,
  TCP_CA_CWR: 2,
  TCP_CA_Recovery: 3,
  TCP_CA_Loss: 4,
  TCPI_OPT_TIMESTAMPS: 1,
  TCPI_OPT_SACK: 2,
  TCPI_OPT_WSCALE: 4,
  TCPI_OPT_ECN: 8,
  TCPI_OPT_ECN_SEEN: 16,
  TCPI_OPT_SYN_DATA: 32,
  TCPI_OPT_USEC_TS: 64,
  TCPI_OPT_TFO_CHILD: 128,
  TCP_INFINITE_SSTHRESH: 0x7fff_ffff,
};
