/**
 * When reports are sent: RFC 1112 appendix I, RFC 2236 §3, RFC 3376 §5. Delays are random, so that not all hosts speak at once.
 * @module
 */
import {
  IGMP_ALL_ROUTER,
  IGMP_HOST_LEAVE_MESSAGE,
  IGMP_HOST_MEMBERSHIP_REPORT,
  IGMPV2_HOST_MEMBERSHIP_REPORT,
} from './igmp-codec.ts';
import type { MulticastGroup } from './igmp-group.ts';
import { sendChanges, sendCurrent, sendOld } from './igmp-report.ts';
import { igmpVersion, unsolicitedInterval } from './igmp-version.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';

/** What every delay has on top, µs: two ticks. */
const TICKS = 2000;

interface GroupArgument {
  readonly ip: Ipv4;
  readonly group: MulticastGroup;
}

interface DeviceArgument {
  readonly ip: Ipv4;
  readonly device: InDevice;
}

/** Has the group's report sent within `most` µs. */
export function startGroupTimer(ip: Ipv4, now: number, group: MulticastGroup, most: number): void {
  group.timer ??= ip.ports.timers.timer(groupExpired, { ip, group });
  group.timer.mod(now + TICKS + (ip.ports.random() % most));
}

/** A query asks for the report within `most` µs: one that is due sooner stays. */
export function answerWithin(ip: Ipv4, now: number, group: MulticastGroup, most: number): void {
  group.unsolicited = 0;
  const { timer } = group;
  if (timer?.pending === true && timer.expires - now < most) return;
  startGroupTimer(ip, now, group, most);
}

/** No report: another host sent it, or the group was left. */
export function stopGroupTimer(group: MulticastGroup): void {
  group.timer?.del();
  group.reporter = false;
  group.unsolicited = 0;
  group.asked = undefined;
}

/** IGMPv3: answers a general query within `most` µs; an answer that is due sooner stays. */
export function startGeneralTimer(ip: Ipv4, now: number, device: InDevice, most: number): void {
  const { igmp } = device;
  igmp.generalTimer ??= ip.ports.timers.timer(generalExpired, { ip, device });
  const expires = now + TICKS + (ip.ports.random() % most);
  if (igmp.generalTimer.pending && expires >= igmp.generalTimer.expires) return;
  igmp.generalTimer.mod(expires);
}

/** IGMPv3: has changes told within `most` µs. */
export function startChangeTimer(ip: Ipv4, now: number, device: InDevice, most: number): void {
  const { igmp } = device;
  igmp.changeTimer ??= ip.ports.timers.timer(changeExpired, { ip, device });
  igmp.changeTimer.mod(now + TICKS + (ip.ports.random() % most));
}

/** Tells the routers of an IGMPv2 link that nobody here is left. */
export function leaveV2(ip: Ipv4, now: number, group: MulticastGroup): void {
  sendOld(ip, now, group.device, IGMP_HOST_LEAVE_MESSAGE, group.address, IGMP_ALL_ROUTER);
}

function groupExpired(now: number, { ip, group }: GroupArgument): void {
  const { device, address } = group;
  if (group.unsolicited > 0 && --group.unsolicited > 0) {
    startGroupTimer(ip, now, group, unsolicitedInterval(now, device));
  }
  group.reporter = true;
  const version = igmpVersion(now, device);
  if (version === 3) sendCurrent(ip, now, device, group);
  else {
    const type = version === 1 ? IGMP_HOST_MEMBERSHIP_REPORT : IGMPV2_HOST_MEMBERSHIP_REPORT;
    sendOld(ip, now, device, type, address, address);
  }
  group.asked = undefined;
}

function generalExpired(now: number, { ip, device }: DeviceArgument): void {
  sendCurrent(ip, now, device, undefined);
}

function changeExpired(now: number, { ip, device }: DeviceArgument): void {
  sendChanges(ip, now, device);
  if (device.igmp.changesLeft > 0 && --device.igmp.changesLeft > 0) {
    startChangeTimer(ip, now, device, unsolicitedInterval(now, device));
  }
}
