/**
 * A call as one line of `strace -tt -T`. What is printed is what strace 6.1 prints of the same call on x86-64 Linux, but for
 * addresses in memory, of which there are none.
 * @module
 */
import type { SocketAddress, WireAddress } from '../address.ts';
import { AF_INET, AF_INET6, AF_PACKET, SOCK_STREAM } from '../constants/families.ts';
import { errnoText } from '../errno.ts';
import { SNAPLEN, type Syscall, type TracedBytes } from '../trace.ts';
import { addressLength, POINTER, rawSockaddrLl, sockaddr, sockaddrLength } from './address.ts';
import { controlFields } from './control.ts';
import { AF, ETH_P, IOCTL, IPPROTO, MSG, POLL, SHUT, SOCK, SOCK_FLAGS, SOL, straceName } from './names.ts';
import { filled, optionValue } from './option.ts';
import { flagNames, hex, named, quote } from './text.ts';

/** Column of the `=` (`strace -a`). */
const RESULT_COLUMN = 40;
const DAY = 86_400_000_000;
/** Calls that `strace -e trace=network` shows. */
const NOT_NETWORK: readonly string[] = ['close', 'poll', 'ioctl'];

/** How {@link formatSyscall} prints. */
export interface StraceOptions {
  /** `-tt`: when the call began. Default true. */
  time?: boolean;
  /** The time of day at the clock's 0, µs. Default 0: midnight. */
  origin?: number;
  /** `-T`: how long it took. Default true. */
  duration?: boolean;
  /** `-s`: longest string, bytes. Default 32. More needs a tracer with a larger `snaplen`. */
  strings?: number;
  /** `-f`: with the process's number. Default false. */
  pid?: boolean;
  /** Names of devices by index, where the kernel is asked for them; `''` = none. */
  ifname?: (ifindex: number) => string;
}

/** Whether `strace -e trace=network` shows a call: all but close, poll and ioctl. */
export function isNetworkCall(call: Syscall): boolean {
  return !NOT_NETWORK.includes(call.name);
}

/** A call that has ended, as strace prints it: one line, without its end. */
export function formatSyscall(call: Syscall, options: StraceOptions = {}): string {
  const { time = true, origin = 0, duration = true, pid = false } = options;
  const who = pid ? `[pid ${String(call.pid).padStart(5)}] ` : '';
  const head = time ? `${who}${timeOfDay(call.start + origin)} ` : who;
  const line = `${head}${call.name}(${argumentsOf(call, options)})`;
  const length = call.end - call.start;
  return [
    line.padEnd(RESULT_COLUMN - 1),
    ` = ${resultOf(call)}`,
    duration ? ` <${Math.floor(length / 1_000_000)}.${String(length % 1_000_000).padStart(6, '0')}>` : '',
  ].join('');
}

function timeOfDay(time: number): string {
  const inDay = ((time % DAY) + DAY) % DAY;
  const seconds = Math.floor(inDay / 1_000_000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const micros = String(inDay % 1_000_000).padStart(6, '0');
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}.${micros}`;
}

function resultOf(call: Syscall): string {
  if (call.errno === 'EINTR') {
    return call.name === 'poll'
      ? '? ERESTART_RESTARTBLOCK (Interrupted by signal)'
      : '? ERESTARTSYS (To be restarted if SA_RESTART is set)';
  }
  if (call.errno !== '') return `-1 ${call.errno} (${errnoText(call.errno)})`;
  if (call.name !== 'poll') return String(call.result);
  if (call.result === 0) return '0 (Timeout)';
  const ready = call.fds.filter(({ revents }) => revents !== 0);
  const texts = ready.map(({ fd, revents }) => `{fd=${fd}, revents=${flagNames(revents, POLL, 'POLL???')}}`);
  return `${call.result} ([${texts.join(', ')}])`;
}

function argumentsOf(call: Syscall, options: StraceOptions): string {
  const limit = options.strings ?? SNAPLEN;
  const ifname = options.ifname ?? (() => '');
  switch (call.name) {
    case 'socket':
      return `${named(call.family, AF, 'AF_???')}, ${socketType(call.type)}, ${protocol(call.family, call.protocol)}`;
    case 'bind':
    case 'connect':
      return `${call.fd}, ${sockaddr(call.address)}, ${addressLength(call.address)}`;
    case 'listen':
      return `${call.fd}, ${call.backlog}`;
    case 'accept':
      return `${call.fd}, ${filledAddress(call.address, call.family)}`;
    case 'accept4':
      return `${call.fd}, ${filledAddress(call.address, call.family)}, ${flagNames(call.flags, SOCK_FLAGS, 'SOCK_???')}`;
    case 'sendto':
      return `${call.fd}, ${quote(call.buffer, limit)}, ${call.buffer.length}, ${messageFlags(call.flags)}, ${destination(call.address)}`;
    case 'recvfrom':
      return `${call.fd}, ${received(call, limit)}, ${call.size}, ${messageFlags(call.flags)}, ${source(call)}`;
    case 'sendmsg':
      return `${call.fd}, ${sentMessage(call, limit, ifname)}, ${messageFlags(call.flags)}`;
    case 'recvmsg':
      return `${call.fd}, ${receivedMessage(call, limit, ifname)}, ${messageFlags(call.flags)}`;
    case 'shutdown':
      return `${call.fd}, ${named(call.how, SHUT, 'SHUT_???')}`;
    case 'getsockname':
    case 'getpeername':
      return `${call.fd}, ${nameOf(call)}`;
    case 'setsockopt': {
      const { text, length } = optionValue(call.level, call.option, call.value, ifname);
      return `${call.fd}, ${optionOf(call.level, call.option)}, ${text}, ${length}`;
    }
    case 'getsockopt':
      return `${call.fd}, ${optionOf(call.level, call.option)}, ${optionFilled(call)}`;
    case 'poll': {
      const texts = call.fds.map(
        ({ fd, events }) => `{fd=${fd}, events=${flagNames(events, POLL, 'POLL???')}}`,
      );
      return `[${texts.join(', ')}], ${call.fds.length}, ${call.timeout}`;
    }
    case 'ioctl':
      return `${call.fd}, ${IOCTL.get(call.request) ?? hex(call.request)}, ${call.errno === '' ? `[${call.value}]` : POINTER}`;
    case 'close':
      return String(call.fd);
  }
}

type Call<Name extends Syscall['name']> = Extract<Syscall, { name: Name }>;

function socketType(type: number): string {
  const kind = type & 0xf;
  const flags = type & ~0xf;
  const name = named(kind, SOCK, 'SOCK_???');
  return flags === 0 ? name : `${name}|${flagNames(flags, SOCK_FLAGS, 'SOCK_???')}`;
}

function protocol(family: number, number: number): string {
  if (family === AF_INET || family === AF_INET6) return named(number, IPPROTO, 'IPPROTO_???');
  return family === AF_PACKET ? `htons(${named(number, ETH_P, 'ETH_P_???')})` : String(number);
}

function messageFlags(flags: number): string {
  return flagNames(flags, MSG, 'MSG_???');
}

/** An address that a call fills in, and its length. */
function filledAddress(address: SocketAddress | undefined, family: number): string {
  if (address === undefined) return `${POINTER}, [${sockaddrLength(family)}]`;
  return `${sockaddr(address)}, [${addressLength(address)}]`;
}

function nameOf(call: Call<'getsockname' | 'getpeername'>): string {
  const { address, family } = call;
  if (address?.family !== 'packet') return filledAddress(address, family);
  const { text, length } = rawSockaddrLl(address);
  return `${text}, [${sockaddrLength(family)} => ${length}]`.replace('[20 => 20]', '[20]');
}

function destination(address: WireAddress | undefined): string {
  return address === undefined ? 'NULL, 0' : `${sockaddr(address)}, ${addressLength(address)}`;
}

function received(call: Call<'recvfrom'>, limit: number): string {
  return call.errno === '' ? quote(call.buffer, limit) : POINTER;
}

function source(call: Call<'recvfrom'>): string {
  if (!call.wantsAddress) return 'NULL, NULL';
  if (call.address !== undefined) return filledAddress(call.address, call.family);
  return `${POINTER}, [${sockaddrLength(call.family)}${call.errno === '' ? ' => 0' : ''}]`; // a stream tells no address
}

function sentMessage(call: Call<'sendmsg'>, limit: number, ifname: (ifindex: number) => string): string {
  const { address, buffers, control } = call;
  const name =
    address === undefined
      ? 'msg_name=NULL, msg_namelen=0'
      : `msg_name=${sockaddr(address)}, msg_namelen=${addressLength(address)}`;
  const sizes = buffers.map(({ length }) => length);
  return `{${name}, ${vector(buffers, sizes, limit)}, ${controlFields(control, true, ifname)}, msg_flags=0}`;
}

/** A message that was not received is not shown but for the room for its name; a stream is asked for no name. */
function receivedMessage(call: Call<'recvmsg'>, limit: number, ifname: (ifindex: number) => string): string {
  const { address, buffers, control, sizes } = call;
  const room = call.type === SOCK_STREAM ? 0 : sockaddrLength(call.family);
  if (call.errno !== '') return `{msg_namelen=${room}}`;
  const isGiven = address !== undefined && room > 0;
  const empty = room === 0 ? 'msg_name=NULL, msg_namelen=0' : `msg_name=${POINTER}, msg_namelen=${room} => 0`;
  const name = isGiven ? `msg_name=${sockaddr(address)}, msg_namelen=${addressLength(address)}` : empty;
  const rest = `${controlFields(control, false, ifname)}, msg_flags=${messageFlags(call.messageFlags)}`;
  return `{${name}, ${vector(buffers, sizes, limit)}, ${rest}}`;
}

function vector(buffers: readonly TracedBytes[], sizes: readonly number[], limit: number): string {
  const texts = buffers.map((bytes, i) => `{iov_base=${quote(bytes, limit)}, iov_len=${sizes[i]}}`);
  return `msg_iov=[${texts.join(', ')}], msg_iovlen=${buffers.length}`;
}

function optionOf(level: number, option: number): string {
  const known = SOL.get(level);
  if (known === undefined) return `${hex(level)} /* SOL_?? */, ${option}`;
  const prefix = known === 'SOL_SOCKET' ? 'SO' : known.slice('SOL_'.length);
  return `${known}, ${straceName(level, option) ?? `${hex(option)} /* ${prefix}_??? */`}`;
}

function optionFilled(call: Call<'getsockopt'>): string {
  if (call.value === undefined) return `${POINTER}, [4]`;
  const { text, length, room } = filled(call.level, call.option, call.value);
  return `${text}, [${room === length ? room : `${room} => ${length}`}]`;
}
