/**
 * Which IGMP a link speaks: as old as its oldest querier, RFC 3376 §7.2.1.
 * @module
 */
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';

/** 1, 2 or 3. */
export function igmpVersion(now: number, device: InDevice): number {
  const forced = device.conf.force_igmp_version;
  if (forced >= 1 && forced <= 3) return forced;
  if (now < device.igmp.v1Until) return 1;
  return now < device.igmp.v2Until ? 2 : 3;
}

/** How often a report is repeated: what the querier says, or the sysctl. */
export function robustness(ip: Ipv4, device: InDevice): number {
  return device.igmp.robustness || ip.sysctl.igmp_qrv;
}

/** Time between unsolicited reports, µs. */
export function unsolicitedInterval(now: number, device: InDevice): number {
  const { conf } = device;
  return igmpVersion(now, device) < 3
    ? conf.igmpv2_unsolicited_report_interval * 1000
    : conf.igmpv3_unsolicited_report_interval * 1000;
}
