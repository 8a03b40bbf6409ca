/**
 * Options of level IPPROTO_TCP (Linux `do_tcp_setsockopt`, `do_tcp_getsockopt`).
 * @module
 */
import { ackAfterRead, ackScheduled, enterPingpong, exitPingpong, inPingpong } from './ack.ts';
import {
  type AoAdd,
  type AoDel,
  type AoInfoOption,
  type AoKeyInfo,
  aoOption,
  setAoOption,
} from './ao-option.ts';
import { type AoRepair, aoRepair, setAoRepair } from './ao-repair.ts';
import type { CongestionInfo } from './cong.ts';
import { setCongestion } from './congestion.ts';
import { fastopenOption, setFastopen, setFastopenKey } from './fastopen-option.ts';
import { type TcpInfo, tcpInfo } from './info.ts';
import { type Md5Sig, setMd5Key } from './md5-option.ts';
import { TCP_MSS_DEFAULT } from './mss.ts';
import { pushPendingFrames } from './output.ts';
import type { Errno } from './ports.ts';
import {
  isRepairing,
  type RepairOption,
  type RepairWindow,
  repairOption,
  setRepair,
  setRepairOptions,
  setRepairWindow,
} from './repair.ts';
import { rtoMax, TCP_TIMEOUT_INIT } from './rtt.ts';
import { CLOSE, CLOSE_WAIT, ESTABLISHED, LISTEN } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { NAGLE_CORK, NAGLE_OFF, NAGLE_PUSH } from './tcb-values.ts';
import { armKeepalive, keepaliveTime } from './timer.ts';
import { clampTo } from './window.ts';

const MAX_KEEPIDLE = 32_767;
const MAX_KEEPINTVL = 32_767;
const MAX_KEEPCNT = 127;
const MAX_SYNCNT = 127;
const FIN_TIMEOUT_MAX = 120;
const TCP_MIN_MSS = 88;
const SECOND = 1_000_000;

/** Options that are keys, or about them. */
const KEYS = /^TCP_(MD5SIG(_EXT)?|AO_(ADD_KEY|DEL_KEY|INFO|REPAIR))$/;

/** What an option holds, or why there is none. */
export type OptionResult =
  | number
  | string
  | Uint8Array
  | TcpInfo
  | CongestionInfo
  | RepairWindow
  | AoInfoOption
  | AoRepair
  | AoKeyInfo<unknown>[]
  | { errno: Errno };

/** What an option is set to. */
export type OptionValue =
  | number
  | string
  | Uint8Array
  | readonly RepairOption[]
  | RepairWindow
  | Md5Sig<unknown>
  | AoAdd<unknown>
  | AoDel<unknown>
  | AoInfoOption
  | AoRepair;

/** See {@link Tcp.setsockopt}. */
export function setOption(now: number, sk: TcpSock, name: string, value: OptionValue): Errno | undefined {
  if (name === 'TCP_CONGESTION') {
    return typeof value === 'string' && value !== '' ? setCongestion(now, sk, value) : 'EINVAL';
  }
  if (name === 'TCP_FASTOPEN_KEY') return setFastopenKey(sk, value);
  if (name === 'TCP_REPAIR_OPTIONS') return setRepairOptions(sk, value);
  if (name === 'TCP_REPAIR_WINDOW') return setRepairWindow(sk, value);
  if (KEYS.test(name)) return setKey(sk, name, value);
  if (typeof value !== 'number' || !Number.isInteger(value)) return 'EINVAL';
  switch (name) {
    case 'TCP_NODELAY':
      if (value !== 0) {
        // Not waiting is not the opposite of corking: what waits now goes, unless corked.
        sk.nonagle |= NAGLE_OFF | NAGLE_PUSH;
        pushPendingFrames(now, sk);
      } else sk.nonagle &= ~NAGLE_OFF;
      return undefined;
    case 'TCP_CORK':
      if (value !== 0) sk.nonagle |= NAGLE_CORK;
      else {
        sk.nonagle &= ~NAGLE_CORK;
        if ((sk.nonagle & NAGLE_OFF) !== 0) sk.nonagle |= NAGLE_PUSH;
        pushPendingFrames(now, sk);
      }
      return undefined;
    case 'SO_OOBINLINE':
      sk.oobInline = value !== 0;
      return undefined;
    case 'TCP_QUICKACK':
      setQuickack(now, sk, value);
      return undefined;
    case 'TCP_MAXSEG':
      if (value !== 0 && (value < TCP_MIN_MSS || value > 0x7fff)) return 'EINVAL';
      sk.userMss = value;
      return undefined;
    case 'TCP_KEEPIDLE':
      return setKeepidle(now, sk, value);
    case 'TCP_KEEPINTVL':
      if (value < 1 || value > MAX_KEEPINTVL) return 'EINVAL';
      sk.keepaliveIntvl = value * SECOND;
      return undefined;
    case 'TCP_KEEPCNT':
      if (value < 1 || value > MAX_KEEPCNT) return 'EINVAL';
      sk.keepaliveProbes = value;
      return undefined;
    case 'TCP_SYNCNT':
      if (value < 1 || value > MAX_SYNCNT) return 'EINVAL';
      sk.synRetries = value;
      return undefined;
    case 'TCP_LINGER2':
      if (value < 0) sk.linger2 = -1;
      else sk.linger2 = Math.min(value, FIN_TIMEOUT_MAX) * SECOND;
      return undefined;
    case 'TCP_DEFER_ACCEPT':
      sk.deferAccept = secondsToRetries(sk, value);
      return undefined;
    case 'TCP_WINDOW_CLAMP':
      return setWindowClamp(sk, value);
    case 'TCP_USER_TIMEOUT':
      if (value < 0) return 'EINVAL';
      sk.userTimeout = value;
      return undefined;
    case 'TCP_NOTSENT_LOWAT':
      sk.notsentLowat = value >>> 0;
      sk.writeSpace();
      return undefined;
    case 'TCP_INQ':
      if (value < 0 || value > 1) return 'EINVAL';
      sk.recvmsgInq = value === 1;
      return undefined;
    case 'TCP_THIN_LINEAR_TIMEOUTS':
      if (value < 0 || value > 1) return 'EINVAL';
      sk.thinLto = value === 1;
      return undefined;
    case 'TCP_THIN_DUPACK': // Linux: accepted, and of no effect since RACK
      return value < 0 || value > 1 ? 'EINVAL' : undefined;
    case 'TCP_RTO_MAX_MS':
      if (value < 1000 || value > 120_000) return 'EINVAL';
      sk.rtoMaxUs = value * 1000;
      return undefined;
    case 'TCP_REPAIR':
    case 'TCP_REPAIR_QUEUE':
    case 'TCP_QUEUE_SEQ':
    case 'TCP_TIMESTAMP':
      return setRepair(now, sk, name, value);
    default:
      return setFastopen(sk, name, value);
  }
}

/** Without a {@link TcpOptions.mac} it is a kernel that was built without. */
function setKey(sk: TcpSock, name: string, value: number | string | object): Errno | undefined {
  const { auth } = sk.tcp;
  if (auth === undefined || sk.family.auth === undefined) return 'ENOPROTOOPT';
  if (typeof value !== 'object') return 'EINVAL';
  if (name === 'TCP_AO_REPAIR') return setAoRepair(sk, value as AoRepair);
  if (name !== 'TCP_AO_INFO' && !('addr' in value)) return 'EINVAL';
  if (name.startsWith('TCP_AO')) return setAoOption(sk, auth.mac, name, value);
  return setMd5Key(sk, value as Md5Sig<unknown>, name === 'TCP_MD5SIG_EXT');
}

/** TCP_QUICKACK: 0 makes the connection interactive; an odd value acknowledges what waits and every segment from now on. */
function setQuickack(now: number, sk: TcpSock, value: number): void {
  if (value === 0) {
    enterPingpong(sk);
    return;
  }
  exitPingpong(sk);
  if ((sk.state !== ESTABLISHED && sk.state !== CLOSE_WAIT) || !ackScheduled(sk)) return;
  sk.ackPending |= 4;
  ackAfterRead(now, sk, 1);
  if ((value & 1) === 0) enterPingpong(sk);
}

function setKeepidle(now: number, sk: TcpSock, value: number): Errno | undefined {
  if (value < 1 || value > MAX_KEEPIDLE) return 'EINVAL';
  sk.keepaliveTime = value * SECOND;
  if (sk.keepOpen && sk.state !== CLOSE && sk.state !== LISTEN) {
    const silent = now - Math.max(sk.lrcvtime, sk.rcvTstamp);
    armKeepalive(sk, now + Math.max(sk.keepaliveTime - silent, 0));
  }
  return undefined;
}

function setWindowClamp(sk: TcpSock, value: number): Errno | undefined {
  if (value === 0) {
    if (sk.state !== CLOSE) return 'EINVAL';
    sk.windowClamp = 0;
  } else clampTo(sk, value);
  sk.clampOption = sk.windowClamp;
  return undefined;
}

/** Retransmissions of a SYN-ACK that take `seconds`. */
function secondsToRetries(sk: TcpSock, seconds: number): number {
  if (seconds <= 0) return 0;
  const most = Math.floor(rtoMax(sk) / SECOND);
  let timeout = Math.floor(TCP_TIMEOUT_INIT / SECOND);
  let period = timeout;
  let retries = 1;
  while (seconds > period && retries < 255) {
    retries++;
    timeout = Math.min(timeout * 2, most);
    period += timeout;
  }
  return retries;
}

function retriesToSeconds(sk: TcpSock, retries: number): number {
  const most = Math.floor(rtoMax(sk) / SECOND);
  let timeout = Math.floor(TCP_TIMEOUT_INIT / SECOND);
  let period = 0;
  for (let i = 0; i < retries; i++) {
    period += timeout;
    timeout = Math.min(timeout * 2, most);
  }
  return period;
}

/** See {@link Tcp.getsockopt}. */
export function getOption(now: number, sk: TcpSock, name: string): OptionResult {
  const { sysctl } = sk.tcp;
  switch (name) {
    case 'TCP_NODELAY':
      return (sk.nonagle & NAGLE_OFF) !== 0 ? 1 : 0;
    case 'TCP_CORK':
      return (sk.nonagle & NAGLE_CORK) !== 0 ? 1 : 0;
    case 'SO_OOBINLINE':
      return sk.oobInline ? 1 : 0;
    case 'TCP_QUICKACK':
      return inPingpong(sk) ? 0 : 1;
    case 'TCP_MAXSEG':
      if (isRepairing(sk)) return sk.mssClamp;
      if (sk.state === CLOSE || sk.state === LISTEN) return sk.userMss !== 0 ? sk.userMss : TCP_MSS_DEFAULT;
      return sk.mssCache;
    case 'TCP_KEEPIDLE':
      return Math.floor(keepaliveTime(sk) / SECOND);
    case 'TCP_KEEPINTVL':
      return sk.keepaliveIntvl !== 0 ? sk.keepaliveIntvl / SECOND : sysctl.tcp_keepalive_intvl;
    case 'TCP_KEEPCNT':
      return sk.keepaliveProbes !== 0 ? sk.keepaliveProbes : sysctl.tcp_keepalive_probes;
    case 'TCP_SYNCNT':
      return sk.synRetries !== 0 ? sk.synRetries : sysctl.tcp_syn_retries;
    case 'TCP_LINGER2':
      if (sk.linger2 < 0) return -1;
      return sk.linger2 !== 0 ? sk.linger2 / SECOND : sysctl.tcp_fin_timeout;
    case 'TCP_DEFER_ACCEPT':
      return retriesToSeconds(sk, sk.deferAccept);
    case 'TCP_WINDOW_CLAMP':
      return sk.state === CLOSE ? sk.clampOption : sk.windowClamp;
    case 'TCP_USER_TIMEOUT':
      return sk.userTimeout;
    case 'TCP_NOTSENT_LOWAT':
      return sk.notsentLowat;
    case 'TCP_INQ':
      return sk.recvmsgInq ? 1 : 0;
    case 'TCP_THIN_LINEAR_TIMEOUTS':
      return sk.thinLto ? 1 : 0;
    case 'TCP_THIN_DUPACK':
      return 0;
    case 'TCP_RTO_MAX_MS':
      return rtoMax(sk) / 1000;
    case 'TCP_CONGESTION':
      return sk.caOps.name;
    case 'TCP_INFO':
      return tcpInfo(now, sk);
    case 'TCP_AO_INFO':
    case 'TCP_AO_GET_KEYS':
      return sk.tcp.auth === undefined ? { errno: 'ENOPROTOOPT' } : aoOption(sk, name);
    case 'TCP_AO_REPAIR':
      return sk.tcp.auth === undefined ? { errno: 'ENOPROTOOPT' } : aoRepair(sk);
    case 'TCP_CC_INFO':
      return sk.caOps.info?.(sk) ?? {};
    case 'TCP_REPAIR':
    case 'TCP_REPAIR_QUEUE':
    case 'TCP_QUEUE_SEQ':
    case 'TCP_REPAIR_WINDOW':
    case 'TCP_TIMESTAMP':
      return repairOption(now, sk, name);
    default:
      return fastopenOption(sk, name);
  }
}

/** See {@link Tcp.setKeepalive}. */
export function setKeepalive(now: number, sk: TcpSock, on: boolean): void {
  sk.keepOpen = on; // the caller may have set it already: the timer tells whether it is news
  if (sk.state === CLOSE || sk.state === LISTEN) return;
  if (!on) sk.keepaliveTimer?.del();
  else if (sk.keepaliveTimer?.pending !== true) armKeepalive(sk, now + keepaliveTime(sk));
}
