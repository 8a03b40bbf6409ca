/**
 * Fast open as a client does it: a SYN that asks for a cookie, or has one and data behind it. RFC 7413 §4.2.1.
 * @module
 */
import { type SkBuff, wrapPage } from '@stack/skbuff';
import { ACK, PSH } from '../flags.ts';
import { MAX_TCP_OPTION_SPACE } from '../option-kinds.ts';
import { CB_END_SEQ, CB_FLAGS, CB_SEQ, endSeqOf, flagsOf, seqOf } from './cb.ts';
import { CHRONO_BUSY, chronoStart } from './chrono.ts';
import type { FastopenCookie } from './fastopen-cookie.ts';
import { needsNoCookie } from './fastopen-option.ts';
import { charge } from './memory.ts';
import { MSG_ZEROCOPY } from './messages.ts';
import { baseMss, syncMss } from './mss.ts';
import { connectSocket, sendSyn } from './open.ts';
import { type Errno, OK } from './ports.ts';
import { freeQueued, newSendSkb, setTsoSegs } from './send-queue.ts';
import { append } from './sendmsg.ts';
import { CLOSE, setState } from './state.ts';
import { TFO_CLIENT_ENABLE, TFO_CLIENT_NO_COOKIE } from './sysctl.ts';
import type { TcpSock } from './tcb.ts';
import { transmitSkb } from './transmit.ts';
import { beginZerocopy, finishZerocopy } from './zerocopy.ts';

const NOTHING = /* @__PURE__ */ new Uint8Array(0);
/** Asks for a cookie. */
const REQUEST: FastopenCookie = { bytes: NOTHING, exp: false };

/** {@link TcpSock.fastopenClientFail} */
const TFO_COOKIE_UNAVAILABLE = 1;

/** What a SYN carries. */
export interface FastopenRequest {
  /** What the application wants to send. */
  readonly bytes: Uint8Array;
  /** Nobody may touch the bytes until the error queue says so. */
  readonly zerocopy: boolean;
  /** The option; `undefined` = none. */
  cookie: FastopenCookie | undefined;
  /** Bytes that went with it. */
  copied: number;
}

/**
 * Opens a connection with the first bytes of a send, or goes on with one that waits for them. How many of them went with the SYN; an
 * errno where there is no SYN. See {@link Tcp.fastopen}.
 */
export function openFast(
  now: number,
  sk: TcpSock,
  address: unknown,
  port: number,
  bytes: Uint8Array,
  flags: number,
): number | Errno {
  if ((sk.tcp.sysctl.tcp_fastopen & TFO_CLIENT_ENABLE) === 0) return 'EOPNOTSUPP';
  if (sk.state !== CLOSE && !sk.deferConnect) return 'EISCONN';
  const zerocopy = (flags & MSG_ZEROCOPY) !== 0 && sk.zerocopy;
  const request: FastopenRequest = { bytes, zerocopy, cookie: undefined, copied: 0 };
  sk.fastopenReq = request;
  const errno = sk.deferConnect ? openDeferred(now, sk) : connectSocket(now, sk, address, port);
  sk.fastopenReq = undefined;
  return errno === 'EINPROGRESS' || errno === undefined ? request.copied : errno;
}

/** The SYN of a `connect` that was put off. */
function openDeferred(now: number, sk: TcpSock): Errno {
  sk.deferConnect = false;
  const { dst } = sk;
  const errno = dst === undefined ? 'EHOSTUNREACH' : sendSyn(now, sk, dst);
  if (errno === 'EINPROGRESS') return errno;
  if (sk.state !== CLOSE) setState(sk, CLOSE);
  sk.dport = 0;
  return errno;
}

/**
 * TCP_FASTOPEN_CONNECT: whether the SYN waits for data, because there is a cookie for it. Else it goes now, and asks for one (Linux
 * `tcp_fastopen_defer_connect`).
 */
export function defersConnect(now: number, sk: TcpSock): boolean {
  if (!sk.fastopenConnect || sk.fastopenReq !== undefined) return false;
  const request: FastopenRequest = { bytes: NOTHING, zerocopy: false, cookie: undefined, copied: 0 };
  if (mayCarryData(now, sk, request)) {
    sk.deferConnect = true;
    return true;
  }
  sk.fastopenReq = request;
  return false;
}

/** Whether data may go with the SYN; what goes as its option is in `request`. The MSS of the path is the one remembered, if any is. */
function mayCarryData(now: number, sk: TcpSock, request: FastopenRequest): boolean {
  const { blackhole, metrics } = sk.tcp;
  const known = metrics.find(now, sk.family, sk.saddr, sk.daddr, sk.dst?.metrics)?.fastopen;
  if (known !== undefined && known.mss !== 0) sk.mssClamp = known.mss;
  request.cookie = undefined;
  if (blackhole.isClosedTo(now, sk)) return false;
  if (needsNoCookie(sk, sk.dst, TFO_CLIENT_NO_COOKIE)) return true;
  request.cookie = known?.cookie ?? { ...REQUEST, exp: known?.tryExp === 1 };
  if (request.cookie.bytes.length > 0) return true;
  sk.fastopenClientFail = TFO_COOKIE_UNAVAILABLE;
  return false;
}

/** Sends the SYN of {@link TcpSock.fastopenReq}, with what it may carry. Sent again, it is a SYN as any other. */
export function sendSynData(now: number, sk: TcpSock, syn: SkBuff, request: FastopenRequest): void {
  sk.mssClamp = sk.advmss;
  const data = mayCarryData(now, sk, request) ? synData(now, sk, syn, request) : undefined;
  sk.synFastopen = request.cookie !== undefined;
  sk.synFastopenExp = request.cookie?.exp === true;
  if (data !== undefined) {
    const sent = transmitSkb(now, sk, data) === OK;
    syn.tstamp = data.tstamp;
    // What is kept of it is data alone, for it may have to be sent again without the SYN, which has a packet of its own.
    data.cb[CB_SEQ] = seqOf(data) + 1;
    data.cb[CB_FLAGS] = ACK | PSH;
    if (sent) {
      sk.synData = true;
      sk.rtxQueue.push(data);
      sk.tcp.mib.TcpExt.TCPOrigDataSent++;
      return;
    }
    sk.writeQueue.push(data);
    sk.packetsOut--;
    if (request.cookie !== undefined) request.cookie = { ...request.cookie, bytes: NOTHING };
  }
  if (transmitSkb(now, sk, syn) !== OK) sk.synFastopen = false;
}

/** A packet that is the SYN and as much data as fits: the peer's MSS, less all that options may take on the way. */
function synData(now: number, sk: TcpSock, syn: SkBuff, request: FastopenRequest): SkBuff | undefined {
  if (sk.userMss !== 0) sk.mssClamp = Math.min(sk.mssClamp, sk.userMss);
  syncMss(sk, sk.pmtuCookie);
  const room = Math.min(baseMss(sk, sk.pmtuCookie) - MAX_TCP_OPTION_SPACE, request.bytes.length);
  if (room <= 0) return undefined;
  const data = newSendSkb(sk, seqOf(syn), flagsOf(syn));
  if (data === undefined) return undefined;
  sk.wmemQueued += data.truesize;
  charge(sk, data.truesize);
  request.copied = request.zerocopy ? fillReported(sk, data, request, room) : fill(sk, data, request, room);
  if (request.copied === 0) {
    freeQueued(sk, data);
    return undefined;
  }
  data.cb[CB_END_SEQ] = endSeqOf(data) + request.copied;
  setTsoSegs(data, sk.mssCache);
  sk.writeSeq = endSeqOf(data);
  sk.packetsOut++;
  chronoStart(now, sk, CHRONO_BUSY);
  return data;
}

function fill(sk: TcpSock, data: SkBuff, { bytes }: FastopenRequest, room: number): number {
  let copied = 0;
  for (let n = 1; n > 0 && copied < room; copied += n) {
    n = append(sk, data, bytes, copied, room - copied, undefined);
  }
  return copied;
}

/** A zero-copy send: what goes with a SYN is copied all the same, as in Linux, and reported so. */
function fillReported(sk: TcpSock, data: SkBuff, { bytes }: FastopenRequest, room: number): number {
  const send = beginZerocopy(sk, 0);
  send.copied = true;
  const page = wrapPage(bytes.slice(0, room));
  const taken = append(sk, data, bytes, 0, room, page);
  finishZerocopy(sk, send, page, taken, false);
  return taken;
}
