/** How conf and neigh of `all`, `default` and devices meet; the sequences were tried on Linux 6.18. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type ConfValues, Sysctl } from './index.ts';

let sysctl: Sysctl;
beforeEach(() => {
  sysctl = new Sysctl();
  sysctl.addDevice('lo');
  sysctl.settle('lo');
  sysctl.addDevice('v0');
});

const across = (field: 'forwarding' | 'rp_filter' | 'accept_redirects') =>
  ['all', 'default', 'lo', 'v0'].map((device) => sysctl.conf(device)[field]);

describe('forwarding', () => {
  it('of default reaches no device', () => {
    sysctl.set('net.ipv4.conf.default.forwarding', 1);
    expect(across('forwarding')).toEqual([0, 1, 0, 0]);
  });

  it.each(['net.ipv4.conf.all.forwarding', 'net.ipv4.ip_forward'])('%s writes all', (name) => {
    sysctl.write(name, '5');
    expect(across('forwarding')).toEqual([5, 5, 5, 5]);
    expect(sysctl.ipv4.ip_forward).toBe(5);
    sysctl.write(name, '0');
    expect(across('forwarding')).toEqual([0, 0, 0, 0]);
    expect(sysctl.ipv4.ip_forward).toBe(0);
  });

  it.each(['net.ipv4.conf.all.forwarding', 'net.ipv4.ip_forward'])('%s only acts on a change', (name) => {
    sysctl.write(name, '1');
    sysctl.set('net.ipv4.conf.v0.forwarding', 0);
    sysctl.write(name, '1');
    expect(across('forwarding')).toEqual([1, 1, 1, 0]);
  });

  it('has all believe no redirects', () => {
    sysctl.set('net.ipv4.ip_forward', 1);
    expect(across('accept_redirects')).toEqual([0, 1, 1, 1]);
    sysctl.set('net.ipv4.ip_forward', 0);
    expect(across('accept_redirects')).toEqual([1, 1, 1, 1]);
  });

  it('of a device is its own', () => {
    sysctl.set('net.ipv4.conf.v0.forwarding', 1);
    expect(across('forwarding')).toEqual([0, 0, 0, 1]);
    expect(sysctl.inDevice('v0').forwarding).toBe(1);
    expect(sysctl.ipv4.ip_forward).toBe(0);
  });
});

describe('default', () => {
  it('reaches devices until the field is set there or the device is settled', () => {
    sysctl.set('net.ipv4.conf.default.rp_filter', 1);
    expect(across('rp_filter')).toEqual([0, 1, 0, 1]);
    sysctl.set('net.ipv4.conf.v0.rp_filter', 2);
    sysctl.set('net.ipv4.conf.default.rp_filter', 0);
    expect(across('rp_filter')).toEqual([0, 0, 0, 2]);
    sysctl.set('net.ipv4.conf.default.rp_filter', 1);
    expect(across('rp_filter')).toEqual([0, 1, 0, 2]);
  });

  it('is what a new device starts with', () => {
    sysctl.set('net.ipv4.conf.default.rp_filter', 1);
    sysctl.set('net.ipv4.neigh.default.ucast_solicit', 7);
    sysctl.addDevice('w0');
    expect([sysctl.conf('w0').rp_filter, sysctl.neigh('w0').ucast_solicit]).toEqual([1, 7]);
  });

  it('of neigh reaches devices likewise', () => {
    sysctl.set('net.ipv4.neigh.default.ucast_solicit', 7);
    expect([sysctl.neigh('lo').ucast_solicit, sysctl.neigh('v0').ucast_solicit]).toEqual([3, 7]);
    sysctl.set('net.ipv4.neigh.v0.ucast_solicit', 77);
    sysctl.set('net.ipv4.neigh.default.ucast_solicit', 9);
    expect(sysctl.neigh('v0').ucast_solicit).toBe(77);
  });
});

describe('in effect on a device', () => {
  const rows: [keyof ConfValues, all: number, device: number, effective: number][] = [
    ['rp_filter', 1, 2, 2],
    ['rp_filter', 2, 1, 2],
    ['arp_announce', 2, 0, 2],
    ['arp_ignore', 0, 8, 8],
    ['arp_accept', 1, 2, 2],
    ['arp_notify', 0, 1, 1],
    ['accept_local', 0, 5, 1],
    ['accept_local', 5, 0, 1],
    ['accept_local', 0, 0, 0],
    ['proxy_arp', 0, 1, 1],
    ['src_valid_mark', 0, 3, 1],
    ['shared_media', 0, 0, 0],
    ['accept_source_route', 0, 1, 0],
    ['accept_source_route', 1, 0, 0],
    ['accept_source_route', 2, 3, 1],
    ['force_igmp_version', 0, 2, 2],
    ['force_igmp_version', 3, 0, 3],
    ['force_igmp_version', 2, 1, 1],
    ['force_igmp_version', 1, 2, 1],
    ['ignore_routes_with_linkdown', 1, 0, 0],
    ['igmpv2_unsolicited_report_interval', 1, 2, 2],
    ['accept_redirects', 1, 0, 1],
    ['accept_redirects', 0, 0, 0],
  ];
  it.each(rows)('%s: all %d, device %d: %d', (field, all, device, effective) => {
    const live = sysctl.inDevice('v0');
    sysctl.set(`net.ipv4.conf.all.${field}`, all);
    sysctl.set(`net.ipv4.conf.v0.${field}`, device);
    expect(live[field]).toBe(effective);
  });

  it.each([
    [1, 1, 1],
    [1, 0, 0],
    [0, 1, 0],
  ])('accept_redirects of a router: all %d, device %d: %d', (all, device, effective) => {
    sysctl.set('net.ipv4.conf.v0.forwarding', 1);
    sysctl.set('net.ipv4.conf.all.accept_redirects', all);
    sysctl.set('net.ipv4.conf.v0.accept_redirects', device);
    expect(sysctl.inDevice('v0').accept_redirects).toBe(effective);
  });

  it('follows a write that reached the device by another', () => {
    const live = sysctl.inDevice('v0');
    sysctl.set('net.ipv4.conf.default.rp_filter', 1);
    sysctl.set('net.ipv4.ip_forward', 1);
    expect([live.rp_filter, live.forwarding, live.accept_redirects]).toEqual([1, 1, 0]);
  });
});

describe('unres_qlen and unres_qlen_bytes', () => {
  it.each([
    ['unres_qlen', 3, { unres_qlen: 3, unres_qlen_bytes: 6270 }],
    ['unres_qlen', 101, { unres_qlen: 101, unres_qlen_bytes: 211_090 }],
    ['unres_qlen_bytes', 5000, { unres_qlen: 2, unres_qlen_bytes: 5000 }],
    ['unres_qlen_bytes', 2089, { unres_qlen: 0, unres_qlen_bytes: 2089 }],
  ] as const)('%s = %d', (field, value, both) => {
    sysctl.set(`net.ipv4.neigh.default.${field}`, value);
    expect(sysctl.neigh('v0')).toMatchObject(both);
    sysctl.set(`net.ipv4.neigh.lo.${field}`, value);
    expect(sysctl.neigh('lo')).toMatchObject(both);
  });
});

describe('devices', () => {
  it('have no thresholds of the table', () => {
    expect(sysctl.neigh('default').gc_thresh3).toBe(1024);
    expect(() => sysctl.get('net.ipv4.neigh.v0.gc_thresh3')).toThrow('ENOENT');
  });

  it('keep values and live objects under a new name', () => {
    const live = sysctl.inDevice('v0');
    sysctl.set('net.ipv4.conf.v0.rp_filter', 2);
    sysctl.renameDevice('v0', 'vv');
    expect(sysctl.read('net.ipv4.conf.vv.rp_filter')).toBe('2\n');
    expect(() => sysctl.read('net.ipv4.conf.v0.rp_filter')).toThrow('ENOENT');
    sysctl.set('net.ipv4.conf.vv.rp_filter', 1);
    expect([live.rp_filter, sysctl.inDevice('vv') === live]).toEqual([1, true]);
    sysctl.set('net.ipv4.conf.default.rp_filter', 0);
    expect(sysctl.conf('vv').rp_filter).toBe(1);
    sysctl.renameDevice('vv', 'vv');
    expect(sysctl.conf('vv').rp_filter).toBe(1);
  });

  it('go', () => {
    sysctl.removeDevice('v0');
    expect(sysctl.list().filter((name) => name.includes('.v0.'))).toEqual([]);
    expect(() => sysctl.conf('v0')).toThrow(RangeError);
    expect(() => sysctl.inDevice('v0')).toThrow(RangeError);
    expect(() => sysctl.neigh('v0')).toThrow(RangeError);
    sysctl.addDevice('v0');
    expect(sysctl.conf('v0').rp_filter).toBe(0);
  });

  it.each(['', '.', '..', 'all', 'default', 'a/b', 'a b', 'a:1', 'sixteen-letters-', 'lo'])(
    'are not called %j',
    (name) => {
      const before = sysctl.list();
      expect(() => sysctl.addDevice(name)).toThrow(RangeError);
      expect(() => sysctl.renameDevice('v0', name)).toThrow(RangeError);
      expect(sysctl.list()).toEqual(before);
    },
  );

  it.each(['removeDevice', 'settle'] as const)('%s refuses a stranger', (method) => {
    expect(() => sysctl[method]('w9')).toThrow(RangeError);
  });

  it('renaming refuses a stranger', () => {
    expect(() => sysctl.renameDevice('w9', 'w8')).toThrow(RangeError);
  });
});
