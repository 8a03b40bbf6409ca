import {
  AF_INET,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DO,
  IP_RECVERR,
  IP_RECVTTL,
  IP_TTL,
  SOCK_DGRAM,
  SOL_IP,
} from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { routed } from './fixture.ts';

describe('a router between two LANs', () => {
  it('forwards, one hop less', async () => {
    const { clock, client, router, server } = routed();
    const there = server.socket(AF_INET, SOCK_DGRAM);
    there.bind({ port: 9 });
    there.setsockopt(SOL_IP, IP_RECVTTL, 1);
    const here = client.socket(AF_INET, SOCK_DGRAM);
    await here.sendto(Uint8Array.of(1, 2, 3), { address: '10.0.2.2', port: 9 });
    const { data, control } = await clock.run(there.recvmsg({ length: 100 }));
    expect(data).toEqual(Uint8Array.of(1, 2, 3));
    expect(control).toEqual([{ level: SOL_IP, type: IP_TTL, value: 63 }]);
    expect(router.nstat().IpForwDatagrams).toBe(1);
  });

  it('forgets what it knew of a way when a sysctl of its devices changes', async () => {
    const { clock, client, router, server } = routed();
    server.socket(AF_INET, SOCK_DGRAM).bind({ port: 9 });
    const here = client.socket(AF_INET, SOCK_DGRAM);
    const send = async () => {
      await here.sendto(Uint8Array.of(1), { address: '10.0.2.2', port: 9 });
      await clock.runFor(1_000_000);
      return [router.nstat().IpForwDatagrams, router.drops.IP_RPFILTER ?? 0];
    };
    router.route.add('10.0.1.2/32', { dev: 'eth1' }); // the client should come from elsewhere
    expect(await send()).toEqual([1, 0]);
    router.sysctl.write('net.ipv4.conf.eth0.rp_filter', '1');
    expect(await send()).toEqual([1, 1]);
    router.sysctl.write('net.ipv4.conf.eth0.rp_filter', '0');
    expect(await send()).toEqual([2, 1]);
    router.sysctl.write('net.ipv4.conf.eth0.forwarding', '0');
    expect(await send()).toEqual([2, 1]);
  });

  it('sends the frame to the gateway and the packet to the server', async () => {
    const { clock, client, wires } = routed();
    const frames: Uint8Array[] = [];
    wires[0].onFrame(({ bytes }) => frames.push(bytes));
    const here = client.socket(AF_INET, SOCK_DGRAM);
    await here.sendto(Uint8Array.of(1), { address: '10.0.2.2', port: 9 });
    await clock.runFor(1_000_000);
    const packet = frames.find((bytes) => bytes[12] === 8 && bytes[13] === 0) as Uint8Array;
    expect([...packet.subarray(0, 6)]).toEqual([2, 0, 0, 0, 1, 1]);
    expect([...packet.subarray(30, 34)]).toEqual([10, 0, 2, 2]);
  });

  it('tells that the time is up, and that a packet is too big', async () => {
    const { clock, client } = routed({ farMtu: 1000 });
    const here = client.socket(AF_INET, SOCK_DGRAM);
    here.setsockopt(SOL_IP, IP_RECVERR, 1);
    here.setsockopt(SOL_IP, IP_TTL, 1);
    await here.connect({ address: '10.0.2.2', port: 9 });
    await here.send(Uint8Array.of(1));
    await expect(clock.run(here.recv(1))).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    here.setsockopt(SOL_IP, IP_TTL, 64);
    here.setsockopt(SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    await here.send(new Uint8Array(1200));
    await expect(clock.run(here.recv(1))).rejects.toMatchObject({ code: 'EMSGSIZE' });
    expect(client.route.get('10.0.2.2')).toMatchObject({
      via: '10.0.1.1',
      dev: 'eth0',
      src: '10.0.1.2',
      mtu: 1000,
    });
  });

  it('says what ip says', () => {
    const { client } = routed();
    expect(client.route.format()).toEqual([
      'default via 10.0.1.1 dev eth0',
      '10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.2',
    ]);
    expect(client.route.get('10.0.2.2').text).toBe('10.0.2.2 via 10.0.1.1 dev eth0 src 10.0.1.2 uid 0');
    expect(client.rule.format()).toEqual([
      '0:\tfrom all lookup local',
      '32766:\tfrom all lookup main',
      '32767:\tfrom all lookup default',
    ]);
    expect(client.link.format('eth0')).toEqual([
      '2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc pfifo_fast state UP mode DEFAULT group default qlen 1000',
      '    link/ether 02:00:00:00:01:02 brd ff:ff:ff:ff:ff:ff',
    ]);
  });
});
