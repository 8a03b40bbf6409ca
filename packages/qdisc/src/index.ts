/**
 * Queueing disciplines by Linux's names, and the transmit queue that stands between them and a device. Sans-IO: time is an argument, what
 * becomes of packets goes through ports.
 * @packageDocumentation
 */
export { createQdisc, type QdiscKind, type QdiscOptions } from './create.ts';
export { Dql } from './dql.ts';
export { Bfifo, type FifoOptions, Pfifo } from './fifo.ts';
export { Fq, type FqStats } from './fq/fq.ts';
export type { FqOptions } from './fq/options.ts';
export type { Distribution } from './netem/distribution.ts';
export type { NetemLoss } from './netem/loss.ts';
export { Netem } from './netem/netem.ts';
export type { NetemOptions, NetemSlot } from './netem/options.ts';
export { Noqueue } from './noqueue.ts';
export { PfifoFast } from './pfifo-fast.ts';
export {
  BUSY,
  CN,
  DROP,
  type Drop,
  type DropReason,
  OK,
  type PacedOwner,
  type QdiscPorts,
  type Segment,
  type Timer,
  type Timers,
  type TxDevice,
} from './ports.ts';
export {
  PRIOMAP,
  TC_PRIO_BESTEFFORT,
  TC_PRIO_BULK,
  TC_PRIO_CONTROL,
  TC_PRIO_INTERACTIVE,
  TC_PRIO_INTERACTIVE_BULK,
  tosToPriority,
} from './priority.ts';
export type { DumpOptions, Qdisc, QdiscStats } from './qdisc.ts';
export { Tbf, type TbfOptions } from './tbf.ts';
export { TxQueue, type TxQueueOptions } from './tx-queue.ts';
