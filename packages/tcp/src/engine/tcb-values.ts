/**
 * What the fields of a TCP socket hold that are one of several things.
 * @module
 */

/** `TcpSock.nonagle`: TCP_NODELAY. */
export const NAGLE_OFF = 1;
/** `TcpSock.nonagle`: TCP_CORK, or MSG_MORE on the last send. */
export const NAGLE_CORK = 2;
/** `TcpSock.nonagle`: send what is there now, once. */
export const NAGLE_PUSH = 4;

/** `TcpSock.ackPending`: an ACK is due. */
export const ACK_SCHED = 1;
/** The delayed-ACK timer runs. */
export const ACK_TIMER = 2;
/** Data of a full segment was read since the last ACK. */
export const ACK_PUSHED = 4;
/** And once more. */
export const ACK_PUSHED2 = 8;
/** At once. */
export const ACK_NOW = 16;

/** `TcpSock.caState`: nothing dubious. */
export const CA_OPEN = 0;
/** Duplicate ACKs were seen. */
export const CA_DISORDER = 1;
/** The window is being reduced after ECN. */
export const CA_CWR = 2;
/** Fast retransmit and recovery. */
export const CA_RECOVERY = 3;
/** The retransmission timer fired. */
export const CA_LOSS = 4;

/** `TcpSock.pendingTimer`: what the retransmit timer is for. */
export const TIMER_NONE = 0;
export const TIMER_RETRANS = 1;
/** Zero-window probe. */
export const TIMER_PROBE0 = 3;
/** Tail loss probe. */
export const TIMER_LOSS_PROBE = 5;
/** The reordering window of RACK. */
export const TIMER_REO_TIMEOUT = 6;

/** `TcpSock.tsqFlags`: in the list of sockets to go on with. */
export const TSQ_QUEUED = 1;
/** Sending stopped because enough was in the queues below. */
export const TSQ_THROTTLED = 2;

/** `TcpSock.repair`: the mode is on; the lower bits are TCP_REPAIR_QUEUE. */
export const REPAIR_ON = 4;
/** The receive queue is read and written. */
export const REPAIR_RECV = 5;
/** The queues of what was sent and what is to be. */
export const REPAIR_SEND = 6;
