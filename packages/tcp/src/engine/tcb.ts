/**
 * The transmission control block: every field of a TCP socket, and nothing but fields. RFC 9293's variables under its names
 * (`SND.UNA` is `sndUna`), the rest under Linux's. Sequence numbers are int32, times µs, unless a comment says otherwise.
 * @module
 */
import { COUNTER_ZERO, type SkBuff, SkbQueue } from '@stack/skbuff';
import { Sock } from '@stack/skbuff/sock';
import { ACK } from '../flags.ts';
import type { AccEcn } from './accecn.ts';
import type { SockAuth } from './auth-sock.ts';
import type { CompressedAcks } from './comp-sack.ts';
import type { CongestionOps } from './cong.ts';
import type { FastopenRequest } from './fastopen-client.ts';
import type { FastopenQueue } from './fastopen-queue.ts';
import type { MtuProbing } from './mtu-probe.ts';
import type { Dst, Family, Inet, Timer } from './ports.ts';
import type { RequestSock, SynVerdict } from './request.ts';
import { RtxQueue } from './rtx-queue.ts';
import type { SackRuns } from './sack-runs.ts';
import { CLOSE } from './state.ts';
import type { BindBucket, BindOwner, EhashEntry, ListenerExtra } from './tables.ts';
import { CA_OPEN } from './tcb-values.ts';
import type { Tcp } from './tcp.ts';
import { DEFAULT_SCALING_RATIO } from './window.ts';
import type { WindowedMax } from './windowed-max.ts';
import type { ZerocopyState } from './zerocopy.ts';

/** IANA's number of TCP. */
export const IPPROTO_TCP = 6;

/** "Infinite" slow start threshold. */
export const TCP_INFINITE_SSTHRESH = 0x7fff_ffff;

/** A TCP socket. Made by {@link Tcp.socket} and by {@link Tcp.accept}; changed by the engine alone, except where a comment allows it. */
export class TcpSock extends Sock implements EhashEntry, BindOwner {
  readonly tcp: Tcp;
  readonly family: Family<unknown>;
  readonly protocol: number = IPPROTO_TCP;
  /** One of `state.ts`; changed by `setState`. */
  state: number = CLOSE;

  // The connection's key.
  /** Local address that packets carry; the family's `any` until known. */
  saddr: unknown;
  /** Address it was bound to (`inet_rcv_saddr`). */
  rcvSaddr: unknown;
  daddr: unknown;
  /** Local port (`inet_num`); 0 = not bound. */
  sport = 0;
  /** Peer's port. */
  dport = 0;
  /** Hash of the key; meaningful while it is in a table. */
  hash = 0;
  hashNext: EhashEntry | undefined = undefined;
  /** In the established or listening table. */
  hashed = false;
  bindBucket: BindBucket | undefined = undefined;
  bindNext: BindOwner | undefined = undefined;
  bindPrev: BindOwner | undefined = undefined;
  /** The address was bound (`SOCK_BINDADDR_LOCK`). */
  addressLocked = false;
  /** The port was bound (`SOCK_BINDPORT_LOCK`). */
  portLocked = false;

  // What the socket layer sees.
  /** IP options of the socket; the network layer's `setsockopt` changes them. */
  readonly inet: Inet;
  /** `SO_DONTROUTE`. Set by the socket layer. */
  localRoute = false;
  /** The cached route. */
  dst: Dst | undefined = undefined;
  /** No application holds it any more (`SOCK_DEAD`). */
  orphaned = false;
  /** The application closed it (`sk_socket` is gone); destroyed when the protocol is done with it. */
  destroyed = false;
  /** Called once, when nothing of the socket is left: the state is CLOSE and all tables forgot it. */
  onDestroy: ((sk: TcpSock) => void) | undefined = undefined;
  /** A blocking `send` waits: it is woken when a third of the buffer is free (`SOCK_NOSPACE`). Set it when EAGAIN came. */
  noSpace = false;
  /** Memory reserved of the protocol's, bytes. */
  forwardAlloc = 0;

  // Send sequence space.
  sndUna = 0;
  sndNxt = 0;
  /** SND.WND, bytes, scaled. */
  sndWnd = 0;
  /** SND.UP: one past the last urgent byte sent. */
  sndUp = 0;
  sndWl1 = 0;
  iss = 0;
  /** One past the last byte the application wrote. */
  writeSeq = 0;
  /** End of the last segment that was pushed. */
  pushedSeq = 0;
  /** End of the last segment sent below MSS (Minshall's Nagle). */
  sndSml = 0;
  /** Last byte known to be wanted by the peer's window (`max_window`). */
  maxWindow = 0;
  /** Urgent data is on its way (`urg_mode`). */
  urgMode = false;
  /** Not sent yet; payload in frags. */
  readonly writeQueue: SkbQueue = new SkbQueue();
  /** Sent and not acknowledged, by sequence number (`tcp_rtx_queue`). */
  readonly rtxQueue: RtxQueue = new RtxQueue();
  /** Truesize in both queues. */
  wmemQueued = 0;
  /** `NAGLE_*` bits. Set by `setsockopt`. */
  nonagle = 0;
  /** `TCP_NOTSENT_LOWAT`; 0 = the sysctl. */
  notsentLowat = 0;
  tsqFlags = 0;
  /** Truesize handed to the layers below so far, modulo 2^32: what left them is this minus `wmemAlloc`. */
  wmemSent = 0;
  tsqNext: TcpSock | undefined = undefined;
  /** Where retransmission goes on; what is before it was looked at (`retransmit_skb_hint`). */
  retransmitHint: SkBuff | undefined = undefined;
  /** What is in flight and neither delivered nor lost, in the order it was sent last: see `sent-list.ts`. */
  sentFirst: SkBuff | undefined = undefined;
  sentLast: SkBuff | undefined = undefined;
  /** What the peer has beyond {@link sndUna}; `undefined` until it told of anything. */
  sackRuns: SackRuns | undefined = undefined;
  /** One past the last number that SACK told of, while {@link sackedOut} is not 0. */
  highestSack = 0;
  zerocopyState: ZerocopyState | undefined = undefined;
  /** TCP_REPAIR and TCP_REPAIR_QUEUE: see `repair.ts`. */
  repair = 0;

  // Segment sizes.
  /** `TCP_MAXSEG`; 0 = not set. */
  userMss = 0;
  /** Largest segment the peer takes, options included (`mss_clamp`). */
  mssClamp = 536;
  /** What we may put into a segment now, bytes. */
  mssCache = 536;
  /** Path MTU that {@link mssCache} was computed from. */
  pmtuCookie = 0;
  /** The search for a larger path MTU; `undefined` = there is none. */
  mtup: MtuProbing | undefined = undefined;
  advmss = 0;
  /** Bytes of header with the options of every segment. */
  tcpHeaderLen = 20;
  /** Bytes of a super-packet's payload; a multiple of the MSS. */
  gsoSegs = 1;

  // Receive sequence space.
  rcvNxt = 0;
  /** RCV.WND as last advertised, bytes. */
  rcvWnd = 0;
  /** RCV.NXT when it was advertised. */
  rcvWup = 0;
  /** RCV.UP: sequence number behind the urgent byte, which ends it. */
  urgSeq = 0;
  /** 0 none, `TCP_URG_NOTYET`, `TCP_URG_VALID | byte`, `TCP_URG_READ`. */
  urgData = 0;
  irs = 0;
  /** First byte that the application has not read. */
  copiedSeq = 0;
  /** Largest offered window (`window_clamp`), bytes. */
  windowClamp = 0;
  /** TCP_WINDOW_CLAMP; 0 = not set. */
  clampOption = 0;
  /** Current limit on the offered window (`rcv_ssthresh`), bytes. */
  rcvSsthresh = 0;
  /** Share of `rcvbuf` that is payload, in 1/256 (`scaling_ratio`). */
  scalingRatio: number = DEFAULT_SCALING_RATIO;
  /** Biggest payload of a segment (`rcv_mss`), estimated. */
  rcvMss = 0;
  /** The sender's round trip, as seen from here (`rcv_rtt_est`), µs times 8; 0 = not known. */
  rcvRtt = 0;
  /** Where the window ends whose arrival is timed. */
  rcvRttSeq = 0;
  /** Since when it is; -1 = not yet. */
  rcvRttTime = -1;
  /** TSecr that was measured last. */
  rcvRttTsecr = 0;
  /** Bytes that the application took in a round trip (`rcvq_space`). */
  rcvqSpace = 0;
  /** {@link copiedSeq} when they were counted last. */
  rcvqSeq = 0;
  /** And when that was. */
  rcvqTime = 0;
  /** Out of order, by sequence number; `undefined` while there is none. */
  ofoQueue: SkbQueue | undefined = undefined;
  /** Segment queued last out of order. */
  ofoLast: SkBuff | undefined = undefined;
  /** Edges of SACK blocks to tell: see `sack.ts`. `undefined` until there was any. */
  sackEdges: Int32Array | undefined = undefined;
  /** SACK blocks due. */
  numSacks = 0;
  /** A D-SACK block is due. */
  dsack = false;
  /** ACKs that wait for others; `undefined` until there was a gap. */
  compressedAcks: CompressedAcks | undefined = undefined;

  // What both agreed on.
  sackOk = false;
  /** `ECN_*` bits: see `ecn.ts`. */
  ecnFlags = 0;
  /** Accurate ECN, where both agreed on it. */
  accecn: AccEcn | undefined = undefined;
  /** Flags of a segment that brings nothing but what its numbers tell, PSH aside. */
  plainFlags: number = ACK;
  wscaleOk = false;
  sndWscale = 0;
  rcvWscale = 0;
  tstampOk = false;
  /** Peer's timestamp to echo, int32. */
  tsRecent = 0;
  /** When {@link tsRecent} was taken, s. 0 = never. */
  tsRecentStamp = 0;
  /** Added to our clock, ms, int32. */
  tsoffset = 0;
  /** TSval of the segment being processed. */
  rcvTsval = 0;
  /** TSecr of the segment being processed. */
  rcvTsecr = 0;
  /** The segment being processed has timestamps. */
  sawTstamp = false;

  // Acknowledging.
  ackPending = 0;
  /** ACKs to send at once, left. */
  quick = 0;
  /** Answers of the application in a row (`icsk_ack.pingpong`). */
  pingpong = 0;
  /** Delayed-ACK interval, µs; 0 = not known yet. */
  ato = 0;
  /** Nothing could be queued for want of memory: the next ACK offers a window of zero. */
  ackNomem = false;
  /** When {@link ackTimer} is due. */
  ackTimeout = 0;
  ackTimer: Timer | undefined = undefined;
  /** When data came last. */
  lrcvtime = 0;
  /** When any segment came last. */
  rcvTstamp = 0;
  /** Bytes of the last data segment (`last_seg_size`). */
  lastSegSize = 0;
  /** When an ACK for an invalid segment was sent last; 0 = never. */
  lastOowAckTime = 0;

  // Timers.
  /** RTO and zero-window probe. */
  rtxTimer: Timer | undefined = undefined;
  pendingTimer = 0;
  /** When {@link rtxTimer} is due. */
  timeout = 0;
  /** Retransmission timeout, µs. */
  rto = 1_000_000;
  /** Doublings of the timeout so far. */
  backoff = 0;
  /** Timeouts in a row. */
  retransmits = 0;
  /** Keepalive, FIN-WAIT-2. */
  keepaliveTimer: Timer | undefined = undefined;
  /** Probes without an answer. */
  probesOut = 0;
  /** When the first of them was sent; 0 = none. */
  probesTstamp = 0;
  /** TCP_SYNCNT; 0 = the sysctl. */
  synRetries = 0;
  /** TCP_KEEPIDLE, µs; 0 = the sysctl. */
  keepaliveTime = 0;
  /** TCP_KEEPINTVL, µs; 0 = the sysctl. */
  keepaliveIntvl = 0;
  /** TCP_KEEPCNT; 0 = the sysctl. */
  keepaliveProbes = 0;
  /** TCP_LINGER2, µs; 0 = the sysctl, -1 = no FIN-WAIT-2 without owner. */
  linger2 = 0;
  /** TCP_USER_TIMEOUT, ms; 0 = off. */
  userTimeout = 0;
  /** TCP_RTO_MAX_MS as µs; 0 = the sysctl. */
  rtoMaxUs = 0;
  /** TCP_THIN_LINEAR_TIMEOUTS. */
  thinLto = false;

  // Round trip (RFC 6298).
  /** Eight times the smoothed RTT, µs; 0 = no sample yet. */
  srtt = 0;
  /** Four times the mean deviation, µs. */
  mdev = 0;
  /** Largest {@link mdev} in this round trip. */
  mdevMax = 0;
  /** What is added to the RTT, µs. */
  rttvar = 0;
  /** {@link sndNxt} when the present round trip began. */
  rttSeq = 0;
  /** Smallest RTT seen, µs; -1 = none. */
  minRtt = -1;
  /** When it was, ms, while {@link minRttFilter} is `undefined`. */
  minRttStamp = 0;
  /** Of negative RTTs, µs by ms. */
  minRttFilter: WindowedMax | undefined = undefined;

  // Recovery and congestion control. Counts are segments.
  caState: number = CA_OPEN;
  caOps: CongestionOps;
  /** What {@link caOps} keeps for this socket. */
  caPriv: unknown = undefined;
  /** Set by TCP_CONGESTION, so that a new default does not replace it. */
  caSetsockopt = false;
  /** The route says which, and no other may be chosen. */
  caDstLocked = false;
  sndCwnd = 10;
  sndSsthresh: number = TCP_INFINITE_SSTHRESH;
  /** ACKs counted towards the next increment. */
  sndCwndCnt = 0;
  sndCwndClamp = 0xffff_ffff;
  /** Most that was used of the window (RFC 2861). */
  sndCwndUsed = 0;
  sndCwndStamp = 0;
  /** Window before the reduction. */
  priorCwnd = 0;
  /** Threshold before the reduction, for undo. */
  priorSsthresh = 0;
  isCwndLimited = false;
  /** Most segments in flight since {@link cwndUsageSeq}. */
  maxPacketsOut = 0;
  cwndUsageSeq = 0;
  packetsOut = 0;
  /** Retransmitted and not acknowledged. */
  retransOut = 0;
  lostOut = 0;
  /** Delivered out of order, as SACK tells; without SACK: duplicate ACKs. */
  sackedOut = 0;
  /** Segments taken for lost, over the connection's life. */
  lost = 0;
  /** How many segments one may be overtaken by. */
  reordering = 3;
  /** The peer took back what SACK had told. */
  isSackReneg = false;
  /** {@link sndNxt} when recovery began: it ends when this is acknowledged. */
  highSeq = 0;
  /** The last reduction may turn out to be a mistake (`undo_marker`). */
  hasUndo = false;
  /** SND.UNA when that reduction began. */
  undoMarker = 0;
  /** Retransmissions that undo still has to see excused; -1 = cannot. */
  undoRetrans = -1;
  /** When the first retransmission of the present episode was sent; 0 = there is none. */
  retransStamp = 0;
  /** Segments delivered and sent since the window is being reduced (RFC 6937). */
  prrDelivered = 0;
  prrOut = 0;
  /** A timeout is asked whether it was one (RFC 5682). */
  frto = false;
  /** SND.NXT when a tail loss probe was sent that nobody answered yet. */
  tlpHighSeq: number | undefined = undefined;
  /** The probe was a retransmission. */
  tlpRetrans = false;
  /** The last of {@link sentFirst}'s list that was sent before what was delivered last, as far as is known. */
  rackEdge: SkBuff | undefined = undefined;
  /** RACK (RFC 8985 §5.2): when what was delivered last was sent, µs, and its end. */
  rackMstamp = 0;
  rackEndSeq = 0;
  /** Its round trip, µs. */
  rackRtt = 0;
  /** Something was delivered since losses were looked for. */
  rackAdvanced = false;
  /** Quarters of the minimal RTT that segments may be late. */
  rackReoWndSteps = 1;
  /** Recoveries that the window stays as wide for. */
  rackReoWndPersist = 0;
  /** A D-SACK came since the window was adapted. */
  rackDsackSeen = false;
  /** {@link delivered} when it was. */
  rackLastDelivered = 0;
  /** Segments delivered, over the connection's life. */
  delivered = 0;
  /** Of those, told of by ACKs that told of congestion too. */
  deliveredCe = 0;
  /** When {@link delivered} grew last, µs; when sending began, while nothing was in flight. */
  deliveredMstamp = 0;
  /** When the segment was sent that was sent last of those delivered. */
  firstTxMstamp = 0;
  /** What {@link delivered} has to exceed for rate samples to tell of the network and not of the application; 0 = they do. */
  appLimited = -1;
  /** The last rate sample: segments, µs, and whether the application limited it. */
  rateDelivered = 0;
  rateInterval = 0;
  rateAppLimited = true;
  /** When the next packet may leave (`tcp_wstamp_ns`), ns; not above the present where it may at once. */
  wstampNs: number = COUNTER_ZERO;
  pacingTimer: Timer | undefined = undefined;

  // Books of TCP_INFO.
  bytesSent: number = COUNTER_ZERO;
  bytesAcked: number = COUNTER_ZERO;
  bytesReceived: number = COUNTER_ZERO;
  bytesRetrans: number = COUNTER_ZERO;
  segsIn = 0;
  segsOut = 0;
  dataSegsIn = 0;
  dataSegsOut = 0;
  totalRetrans = 0;
  totalRto = 0;
  totalRtoRecoveries = 0;
  totalRtoTime = 0;
  rtoStamp = 0;
  rcvOoopack = 0;
  reordSeen = 0;
  /** Segments that D-SACKs told of. */
  dsackDups = 0;
  /** When data was sent last. */
  lsndtime = 0;
  /** 0 idle, 1 busy, 2 limited by the peer's window, 3 by the send buffer. */
  chronoType = 0;
  chronoStart = 0;
  chronoBusy = 0;
  chronoRwnd = 0;
  chronoSndbuf = 0;

  /** Keys that segments are signed with (RFC 2385, RFC 5925); `undefined` until one was set. */
  auth: SockAuth | undefined = undefined;

  // Fast open (RFC 7413).
  /** TCP_FASTOPEN and TCP_FASTOPEN_KEY, of a listener; `undefined` until anybody asked. */
  fastopenq: FastopenQueue | undefined = undefined;
  /** The request of a child whose handshake is not over: it may send and be read from already. */
  fastopenRsk: RequestSock | undefined = undefined;
  /** It was made by a SYN. */
  fastopenChild = false;
  /** What the SYN that is being sent carries; `undefined` before and after. */
  fastopenReq: FastopenRequest | undefined = undefined;
  /** TCP_FASTOPEN_CONNECT. */
  fastopenConnect = false;
  /** TCP_FASTOPEN_NO_COOKIE. */
  fastopenNoCookie = false;
  /** `connect` was called, and the SYN waits for data to go with it. */
  deferConnect = false;
  /** The SYN had the option. */
  synFastopen = false;
  /** As an experiment. */
  synFastopenExp = false;
  /** It is the first since fast open was done without: see `fastopen-blackhole.ts`. */
  synFastopenCh = false;
  /** The SYN had data. */
  synData = false;
  /** All data of our SYN was acknowledged by the SYN-ACK, or data of the peer's was delivered. */
  synDataAcked = false;
  /** Why it was not: 1 there was no cookie, 2 only the SYN was acknowledged, 3 the SYN was sent again. */
  fastopenClientFail = 0;

  // Opening and closing.
  /** Set by `listen`: accept queue, backlog, SYN queue. */
  listener: ListenerExtra | undefined = undefined;
  /** Looks at each SYN before it is answered. Set it on a listener. */
  synFilter: ((request: RequestSock) => SynVerdict) | undefined = undefined;
  /** TCP_DEFER_ACCEPT, as retransmissions of the SYN-ACK. */
  deferAccept = 0;
  /** Links children that wait for `accept`. */
  acceptNext: TcpSock | undefined = undefined;
  /** Somebody waits to send while the connection opens (`sk_write_pending`): the handshake's ACK waits for his data. Set it freely. */
  writePending = false;
  /** A FIN came (`SOCK_DONE`). */
  finSeen = false;
  /** `SO_OOBINLINE`. Set it freely. */
  oobInline = false;
  /** `TCP_INQ`. */
  recvmsgInq = false;
  /** {@link orphaned} was counted. */
  countedOrphan = false;

  /** @internal */
  constructor(tcp: Tcp, family: Family<unknown>, caOps: CongestionOps) {
    super();
    this.tcp = tcp;
    this.family = family;
    this.caOps = caOps;
    this.inet = family.inet();
    this.saddr = family.any;
    this.rcvSaddr = family.any;
    this.daddr = family.any;
  }

  /** Tells who waits to send, where enough room came free (Linux `sk_stream_write_space`). */
  override writeSpace(): void {
    this.tcp.writeSpace(this);
  }
}
