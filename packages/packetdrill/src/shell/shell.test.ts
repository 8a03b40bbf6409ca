import { createHost, VirtualClock } from '@stack/host';
import { Pool } from '@stack/skbuff';
import { AF_INET, SOCK_STREAM } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { Process } from '../calls/process.ts';
import { Tun } from '../packet/tun.ts';
import { Machine } from './machine.ts';
import { runCommands } from './shell.ts';
import { readCommands } from './words.ts';

function start(files: Record<string, string> = {}) {
  const clock = new VirtualClock();
  const pool = new Pool();
  const host = createHost({ clock, pool });
  const tun = new Tun({ pool, mtu: 1500, now: () => clock.now(), sent: () => {} });
  host.link.add(tun, { up: true });
  host.addr.add('192.168.0.1/16', { dev: 'tun0' });
  const process = new Process();
  const machine = new Machine({ host, clock, tun, process, include: (path) => files[path] });
  const sh = (text: string, folder = '') => clock.run(runCommands(text, machine, folder));
  return { host, clock, tun, process, machine, sh };
}

describe('command lines', () => {
  it.each([
    ['a b  c', [['a', 'b', 'c']]],
    ['a; b\nc', [['a'], ['b'], ['c']]],
    ['a "b c" \'d "e\'', [['a', 'b c', 'd "e']]],
    ['a \\\n  b # comment', [['a', 'b']]],
    [`a=$((2*(3+4))) $\{NAME}x $NAME`, [['a=14', 'zx', 'z']]],
    ['a "n=$((1<<4)) $NAME"', [['a', 'n=16 z']]],
    ['a > /dev/null 2>&1; b &> f; c 2>/dev/null', [['a'], ['b'], ['c']]],
  ])('%s', (text, words) => {
    const commands = readCommands(text, { NAME: 'z' }).map(({ commands: [command] }) => command?.words);
    expect(commands).toEqual(words);
  });

  it.each(["a 'b", 'a "b', 'a $(b)', 'a < b', 'a &'])('%s is refused', async (text) => {
    const { status, complaints } = await start().sh(text);
    expect(status).toBe(2);
    expect(complaints).toHaveLength(1);
  });
});

describe('sysctl', () => {
  it('sets names and paths, one after the other', async () => {
    const { host, sh } = start();
    expect(
      await sh('sysctl -q net.ipv4.tcp_timestamps=0 net.ipv4.tcp_rmem="4096 540000 $((15*1024*1024))"'),
    ).toEqual({
      status: 0,
      complaints: [],
    });
    expect(host.sysctl.get('net.ipv4.tcp_timestamps')).toBe(0);
    expect(host.sysctl.get('net.ipv4.tcp_rmem')).toEqual([4096, 540_000, 15_728_640]);
    expect((await sh('echo 1 > /proc/sys/net/ipv4/tcp_timestamps')).status).toBe(0);
    expect(host.sysctl.get('net.ipv4.tcp_timestamps')).toBe(1);
  });

  it('complains of names and values that are none', async () => {
    const { sh } = start();
    expect((await sh('sysctl -q net.ipv4.nonsense=0')).status).toBe(255);
    expect((await sh('sysctl -q net.ipv4.tcp_timestamps=x')).status).toBe(255);
    expect((await sh('sysctl -e -q net.ipv4.nonsense=0')).status).toBe(0);
    expect((await sh('sysctl -q net.ipv4.nonsense=0; true')).status).toBe(0);
    expect((await sh('echo x > /proc/sys/net/ipv4/tcp_timestamps')).status).toBe(1);
  });

  it('set_sysctls.py undoes what it did', async () => {
    const { host, sh } = start();
    await sh('../x/set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0');
    expect(host.sysctl.get('net.ipv4.tcp_timestamps')).toBe(0);
    expect((await sh('/tmp/sysctl_restore_$PPID.sh')).status).toBe(0);
    expect(host.sysctl.get('net.ipv4.tcp_timestamps')).toBe(1);
    expect((await sh('set_sysctls.py /proc/sys/net/ipv4/nonsense=0')).status).toBe(1);
  });
});

it('scripts include scripts, from where they are', async () => {
  const { host, sh } = start({
    'd/a.sh': '#!/bin/bash\n../common/b.sh\n',
    'd/../common/b.sh': 'sysctl -q net.ipv4.tcp_timestamps=2',
    'd/loop.sh': './loop.sh',
    'd/./loop.sh': './loop.sh',
  });
  expect((await sh('a.sh', 'd')).status).toBe(0);
  expect(host.sysctl.get('net.ipv4.tcp_timestamps')).toBe(2);
  expect((await sh('missing.sh')).status).toBe(127);
  expect((await sh('loop.sh', 'd')).status).not.toBe(0);
});

it('ip route changes routes', async () => {
  const { host, sh } = start();
  expect((await sh('ip route add 192.0.2.1 via 192.168.0.2 dev tun0')).status).toBe(0);
  expect(
    (await sh('ip route change 192.0.2.1 via 192.168.0.2 dev tun0 advmss 600 mtu lock 640 initcwnd 11'))
      .status,
  ).toBe(0);
  expect(host.route.format().join('\n')).toMatch(/192\.0\.2\.1 via 192\.168\.0\.2 dev tun0 .*mtu lock 640/);
  expect((await sh('ip route add 10.0.0.1 via 1.2.3.4 dev tun0')).status).toBe(2);
  expect((await sh('ip route add 10.0.0.1 colour blue')).status).toBe(2);
  expect((await sh('ip -6 route add ::1 dev tun0')).status).toBe(1);
  expect((await sh('ip tcp_metrics flush all > /dev/null 2>&1')).status).toBe(0);
});

it('ip tcp_metrics shows and forgets what TCP remembers', async () => {
  const { host, process, sh } = start();
  const { metrics, socket } = { metrics: host.tcp.metrics, socket: host.socket(AF_INET, SOCK_STREAM) };
  const { family } = (socket.core.proto as unknown as { sk: { family: never } }).sk;
  for (const daddr of [0xc000_0201, 0xc000_0202, 0xc000_0203]) metrics.make(0, family, 0xc0a8_0001, daddr);
  await sh('ip tcp_metrics show 192.0.2.2 > out');
  expect(String.fromCharCode(...(process.files.get('out') ?? []))).toBe(
    '192.0.2.2 age 0.000sec source 192.168.0.1\n',
  );
  expect((await sh('ip tcp_metrics delete 192.0.2.2')).status).toBe(0);
  expect((await sh('ip tcp_metrics delete 192.0.2.2')).status).toBe(2);
  expect([...metrics.entries()]).toHaveLength(2);
  expect((await sh('ip tcp_metrics flush 192.0.2.1')).status).toBe(0);
  expect([...metrics.entries()]).toHaveLength(1);
  expect((await sh('ip tcp_metrics flush all')).status).toBe(0);
  expect([...metrics.entries()]).toEqual([]);
  expect((await sh('ip tcp_metrics colour')).status).toBe(1);
});

it('tc and ethtool change the device', async () => {
  const { host, tun, sh } = start();
  expect(
    (await sh('tc qdisc delete dev tun0 root 2>/dev/null ; tc qdisc add dev tun0 root pfifo limit 0')).status,
  ).toBe(0);
  expect(host.qdisc.format('tun0')).toContain('limit 0p');
  expect((await sh('tc qdisc replace dev tun0 root nonsense')).status).toBe(2);
  expect((await sh('tc qdisc replace dev eth7 root fq')).status).toBe(2);
  expect((await sh('ethtool -K tun0 tso off gso off')).status).toBe(0);
  expect(tun.features).toMatchObject({ tso: false, gso: false, tx: true });
  expect((await sh('ethtool -K tun0 nonsense off')).status).toBe(1);
});

it('grep looks through files and pipes', async () => {
  const { host, clock, sh } = start();
  const socket = host.socket(AF_INET, SOCK_STREAM);
  socket.bind({ port: 8080 });
  socket.listen(1);
  expect((await sh('grep " 0A " /proc/net/tcp /proc/net/tcp6 | grep ":1F90"')).status).toBe(0);
  expect((await sh('grep " 01 " /proc/net/tcp')).status).toBe(1);
  await sh('nstat > /dev/null');
  expect((await sh('nstat | grep TcpActiveOpens > /dev/null')).status).toBe(1);
  const other = host.socket(AF_INET, SOCK_STREAM);
  other.nonblocking = true;
  await clock.run(other.connect({ address: '192.168.0.1', port: 8080 }).catch(() => {}));
  expect((await sh('nstat | grep TcpActiveOpens > /dev/null')).status).toBe(0);
  expect((await sh('nstat | grep TcpActiveOpens > /dev/null')).status).toBe(1);
});

it('files are made, read and taken away', async () => {
  const { process, sh } = start();
  await sh('/bin/dd bs=1k count=2 if=/dev/zero of=/tmp/f status=none');
  expect(process.files.get('/tmp/f')).toHaveLength(2048);
  expect((await sh('/bin/rm -f /tmp/f /tmp/g')).status).toBe(0);
  expect((await sh('rm /tmp/f')).status).toBe(1);
  expect((await sh('echo hello > /tmp/h; cat /tmp/h | grep hello')).status).toBe(0);
  expect((await sh('dd if=/etc/passwd of=/tmp/f')).status).toBe(1);
});

it('the outcome of one decides over the next', async () => {
  const { sh } = start();
  expect((await sh('false && true')).status).toBe(1);
  expect((await sh('false || true')).status).toBe(0);
  expect((await sh('true; false')).status).toBe(1);
  expect(await sh('wget http://example.com')).toEqual({
    status: 127,
    complaints: ['wget: not among the commands known here'],
  });
});

it('sleep takes its time', async () => {
  const { clock, sh } = start();
  const before = clock.now();
  await sh('sleep 0.25');
  expect(clock.now() - before).toBe(250_000);
});
