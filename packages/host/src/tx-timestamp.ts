/**
 * Timestamps of packets on their way down, where their socket wants them (Linux `__skb_tstamp_tx`).
 * @module
 */
import { daddr, saddr } from '@stack/ipv4';
import { SkBuff } from '@stack/skbuff';
import { queueTxTimestamp, type Sock } from '@stack/skbuff/sock';
import type { NetDevice } from './net-device.ts';

const ETH_P_IP = 0x0800;

/** Tells the packet's socket, if it has one. `kind`: `SCM_TSTAMP_SND` or `SCM_TSTAMP_SCHED`; `dev`: where it leaves. */
export function txTimestamp(now: number, skb: SkBuff, kind: number, dev: NetDevice): void {
  // A super-packet that was cut stands behind its last segment.
  const owner = skb.sk instanceof SkBuff ? skb.sk.sk : skb.sk;
  if (owner === undefined) return;
  const report = queueTxTimestamp(now, owner as Sock, skb, kind, dev.ifindex);
  if (report === undefined || skb.protocol !== ETH_P_IP) return;
  report.offender = saddr(skb.view, skb.networkHeader);
  report.address = daddr(skb.view, skb.networkHeader);
}
