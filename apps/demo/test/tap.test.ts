/**
 * `tap` as people use it, against the kernel of this machine. Skipped without root and /dev/net/tun; never where `CI=true`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packetsSync } from '@stack/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Told } from '../src/story.ts';
import { numbered } from '../src/tap/http/pages.ts';
import { isListening, kernelNstat } from '../src/tap/kernel-side.ts';
import { checkMachine, type Machine } from '../src/tap/requirements.ts';
import { demo, fileOf, folder, linesOf, stepAt, stepsOf } from './support.ts';
import { skipped } from './tap-machine.ts';

/** The document of `tap --json`. */
interface Document {
  options: object;
  steps: Told[];
  calls: string[];
  program?: { command: string; status: number; stdout: string; stderr: string };
  reply?: { status?: string; bytes: number; promised?: number; body: string };
  errors: string[];
  verdicts: string[];
  nstat: Record<string, Record<string, number>>;
  links: Record<string, Record<string, number>>;
  drops: Record<string, number>;
  checksumErrors: Record<string, number>;
  left: object;
  ok: boolean;
}

const files = folder();
const NOTHING = { pages: 0, skbs: 0, timers: 0 };

async function tap(...args: string[]): Promise<Document & { code: number }> {
  const { lines, errors, code } = await demo('tap', '--json', ...args);
  if (lines.length === 0) throw new Error(errors);
  return { ...(JSON.parse(lines[0] as string) as Document), code };
}

function titles(told: Pick<Document, 'steps'>): string[] {
  return stepsOf(told).map(({ side, call }) => `${side} ${call}`);
}

/** `server → kernel [S.]`, ARP aside. */
function segments(told: Pick<Document, 'steps'>): string[] {
  return linesOf(told)
    .filter(({ about, text }) => about === 'segment' && text.includes(' IP '))
    .map(({ text }) => text.replace(/^(\w+ → \w+) .*Flags (\[\S+]).*, length (\d+)$/, '$1 $2 $3'));
}

describe.skipIf(skipped)('curl, and our host that answers', () => {
  let told: Document & { code: number };
  beforeAll(async () => {
    told = await tap();
  });

  it('understand each other', () => {
    expect([told.code, told.ok, told.errors]).toEqual([0, true, []]);
    expect(told.program).toMatchObject({ command: 'curl -sSv http://10.0.0.2/', status: 0 });
    expect(told.program?.stderr).toMatch(/^< HTTP\/1\.1 200 OK/m);
    expect(told.program?.stdout).toMatch(/^you {6}10\.0\.0\.1:\d+\nhere {5}10\.0\.0\.2:80\n/m);
    expect(told.verdicts).toEqual(['checksum errors: none on either side', 'left when all is over: nothing']);
    expect(told.left).toEqual(NOTHING);
  });

  it('are told of from the listener to TIME-WAIT', () => {
    expect(titles(told)).toEqual([
      'server listen → inet_csk_listen_start',
      'server arp_rcv → arp_process → arp_send',
      'kernel tcp_connect → __tcp_transmit_skb',
      'server tcp_conn_request → tcp_make_synack',
      'kernel tcp_rcv_synsent_state_process → tcp_send_ack',
      'server tcp_check_req → tcp_v4_syn_recv_sock',
      'wire the TAP',
      'server tun_net_xmit → tun_do_read → napi_gro_receive → netif_receive_skb',
      'server __netif_receive_skb → ip_rcv',
      'server ip_local_deliver → tcp_v4_rcv',
      'server tcp_rcv_established → tcp_queue_rcv → sk_data_ready',
      'server recvfrom → tcp_recvmsg → skb_copy_datagram_iter',
      'server sendto → tcp_sendmsg_locked',
      'server tcp_push → tcp_write_xmit',
      'server __tcp_transmit_skb',
      'server __ip_queue_xmit',
      'server ip_finish_output2 → neigh_output',
      'server eth_header, dev_queue_xmit',
      'server dev_hard_start_xmit → writev',
      'kernel tun_chr_write_iter → tun_get_user → netif_rx',
      'server shutdown → tcp_shutdown → tcp_send_fin',
      'server close → tcp_close',
      'kernel tcp_fin → tcp_time_wait',
    ]);
    const times = told.steps.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(0);
  });

  it('exchange the segments of a connection, in order', () => {
    const told2 = segments(told);
    expect(told2.slice(0, 4)).toEqual([
      'kernel → server [S] 0',
      'server → kernel [S.] 0',
      'kernel → server [.] 0',
      expect.stringMatching(/^kernel → server \[P\.] 7\d$/),
    ]);
    expect(told2).toContainEqual(expect.stringMatching(/^server → kernel \[P\.] [4-9]\d\d$/));
    expect(told2.filter((line) => line.includes('F'))).toEqual([
      'kernel → server [F.] 0',
      'server → kernel [F.] 0',
    ]);
  });

  it("are shown by the kernel's numbers, not ours", () => {
    const syn = stepAt(told, 'kernel', 'tcp_connect').fields ?? [];
    const seq = Number(syn.find(({ name }) => name === 'seq')?.value);
    const answer = stepAt(told, 'server', 'tcp_make_synack').fields ?? [];
    expect(answer.find(({ name }) => name === 'ackSeq')?.value).toBe(String(seq + 1));
    expect(syn.map(({ value }) => value)).toContain('sackOK'); // Linux offers it
    const bytes = Buffer.from(
      stepAt(told, 'wire', 'the TAP').details?.join('').replaceAll(' ', '') ?? '',
      'hex',
    );
    expect(bytes.subarray(66).toString()).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: 10\.0\.0\.2\r\n/);
    expect(stepAt(told, 'server', 'writev').details?.[0]).toBe(
      'virtio_net_hdr  flags NEEDS_CSUM, csum_start 34, csum_offset 16, gso NONE',
    );
    expect(stepAt(told, 'kernel', 'tcp_time_wait').details?.[0]).toMatch(
      /^TIME-WAIT 10\.0\.0\.1:\d+ 10\.0\.0\.2:80$/,
    );
  });

  it("change our side's states, and are calls of ours", () => {
    const states = linesOf(told)
      .filter(({ about }) => about === 'state')
      .map(({ text }) => text.replace(/^\S+ (\S+?):\S+ TCP_(\S+) → TCP_/, '$1 $2 '));
    expect(states).toEqual([
      '0.0.0.0 CLOSE LISTEN',
      '10.0.0.2 SYN_RECV ESTABLISHED',
      '10.0.0.2 ESTABLISHED CLOSE_WAIT',
      '10.0.0.2 CLOSE_WAIT LAST_ACK',
      '10.0.0.2 LAST_ACK CLOSE',
      '0.0.0.0 LISTEN CLOSE',
    ]);
    const calls = told.calls.join('\n');
    expect(calls).toMatch(
      /^\[pid {2}1001] \d\d:\d\d:\d\d\.\d{6} socket\(AF_INET, SOCK_STREAM, IPPROTO_IP\) = 3 </m,
    );
    expect(calls).toMatch(/recvfrom\(4, "GET \/ HTTP\/1\.1/);
    expect(calls).toMatch(/sendto\(4, "HTTP\/1\.1 200 OK/);
  });

  it('are counted alike by both sides', () => {
    const { server, kernel } = told.nstat;
    expect(server?.TcpPassiveOpens).toBe(1);
    expect(kernel?.TcpActiveOpens).toBe(1);
    expect(kernel?.TcpExtTW).toBe(1);
    expect(server?.TcpInSegs).toBe(kernel?.TcpOutSegs);
    expect(server?.TcpOutSegs).toBe(kernel?.TcpInSegs);
    expect(server?.IpExtInOctets).toBe(kernel?.IpExtOutOctets);
    expect(told.links.server?.rxBytes).toBe(told.links.kernel?.txBytes);
    expect(told.links.server?.txPackets).toBe(told.links.kernel?.rxPackets);
    expect(told.checksumErrors).toEqual({ server: 0, kernel: 0 });
  });

  it('leave this process no descriptor', async () => {
    const before = readdirSync('/proc/self/fd').length;
    await demo('tap');
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('print for people, calls alone if they like', async () => {
    const { lines, code } = await demo('tap');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(
      /^server 10\.0\.0\.2:80 ─── tap\d+ ─── 10\.0\.0\.1 Linux \S+ {3}\(mtu 1500, offloads on; namespace of process \d+\)$/,
    );
    expect(lines).toContain('$ curl -sSv http://10.0.0.2/');
    expect(lines.slice(-2)).toEqual(told.verdicts);
    const strace = await demo('tap', '--strace');
    expect(strace.lines[0]).toMatch(/^\[pid {2}1001] .* socket\(/);
    expect(strace.lines.at(-1)).toBe('left when all is over: nothing');
    expect(strace.lines.some((line) => line.includes('netif_receive_skb'))).toBe(false);
  });
});

describe.skipIf(skipped)('files and faults', () => {
  it.each([
    ['with offloads', []],
    ['without', ['--no-offload']],
    ['at the MTU of old', ['--mtu', '576']],
    ['at a jumbo MTU', ['--mtu', '9000', '--no-offload']],
  ])('a file arrives %s, and the capture has it', async (_, args) => {
    const pcap = join(files, 'tap.pcap');
    const file = fileOf(files, 300_000);
    const told = await tap('--data', file, '--pcap', pcap, ...args);
    expect(told.errors).toEqual([]);
    expect(told.verdicts[0]).toBe('identical: 300000 bytes, ours to curl');
    expect(told.checksumErrors).toEqual({ server: 0, kernel: 0 });
    const mtu = Number(args[args.indexOf('--mtu') + 1] ?? 1500) || 1500;
    const lengths = [...packetsSync(readFileSync(pcap))].map(({ data }) => data.length);
    const largest = Math.max(...lengths);
    if (args.includes('--no-offload')) expect(largest).toBe(mtu + 14);
    else expect(largest).toBeGreaterThan(mtu + 14);
    expect(lengths.reduce((sum, length) => sum + length)).toBeGreaterThan(300_000);
    const syn = stepAt(told, 'server', 'tcp_make_synack').fields ?? [];
    expect(syn.map(({ value }) => value)).toContain(`mss ${mtu - 40}`);
  });

  it('loss, delay and disorder on our way are overcome, and told of', async () => {
    const told = await tap(
      ...'--loss 5% --reorder 10% --delay 2ms --duplicate 2% --no-offload --seed 7'.split(' '),
    );
    expect(told.errors).toEqual([]);
    expect(told.verdicts[0]).toBe('identical: 262144 bytes, ours to curl');
    expect(told.nstat.server?.TcpRetransSegs).toBeGreaterThan(0);
    expect(told.drops.QDISC_DROP).toBeGreaterThan(0);
    expect(linesOf(told).some(({ about }) => about === 'recovery')).toBe(true);
    expect(told.left).toEqual(NOTHING);
  });

  it('corruption is noticed by the kernel, and nothing wrong arrives', async () => {
    const told = await tap('--corrupt', '10%', '--seed', '3');
    expect(told.errors).toEqual([]);
    expect(told.verdicts[0]).toBe('identical: 262144 bytes, ours to curl');
    expect(told.verdicts[1]).toMatch(
      /^checksum errors: (none on either side|\d+, of frames that were corrupted)$/,
    );
  });

  it('sysctls are those of our host', async () => {
    const told = await tap(
      '--sysctl',
      'net.ipv4.tcp_timestamps=0',
      '--sysctl',
      'net.ipv4.tcp_window_scaling=0',
    );
    const options = (stepAt(told, 'server', 'tcp_make_synack').fields ?? []).map(({ value }) => value).join();
    expect(options).not.toMatch(/TS val|wscale/);
    expect((stepAt(told, 'kernel', 'tcp_connect').fields ?? []).map(({ value }) => value).join()).toMatch(
      /TS val/,
    );
  });

  it('another program may be run, and fail', async () => {
    const { code, program, errors } = await tap('curl', '-sS', 'http://10.0.0.2:81/');
    expect([code, program?.status]).toEqual([1, 7]);
    expect(errors).toEqual(['curl ended with 7']);
    const several = await tap('--', 'sh', '-c', 'curl -sS http://10.0.0.2/bytes/[1-9] | wc -c');
    expect([several.code, several.program?.stdout.trim()]).toEqual([0, '45']);
  });
});

describe.skipIf(skipped)('--connect', () => {
  const server = ['python3', '-m', 'http.server', '8000', '--bind', '10.0.0.1', '--directory'];

  it('asks a server of the kernel, and says how its way was', async () => {
    const web = folderOf('index.html', Buffer.from(numbered(0, 10_000)));
    const told = await tap('--connect', '10.0.0.1:8000', '--', ...server, web);
    expect([told.code, told.errors]).toEqual([0, []]);
    expect(told.reply).toMatchObject({ status: 'HTTP/1.0 200 OK', promised: 10_000 });
    expect(told.reply?.body).toBe(Buffer.from(numbered(0, 10_000)).toString());
    expect(told.verdicts[0]).toBe('whole: 10000 bytes, as Content-Length says');
    expect(told.program?.stderr).toMatch(/"GET \/ HTTP\/1\.1" 200 -/);
    const own = titles(told);
    for (const step of [
      'client connect → tcp_v4_connect',
      'client neigh_resolve_output → arp_solicit',
      'client tcp_connect → __tcp_transmit_skb',
      'kernel tcp_conn_request → tcp_make_synack',
      'client sendto → tcp_sendmsg_locked',
      'client dev_hard_start_xmit → writev',
      'wire the TAP',
      'client recvfrom → tcp_recvmsg → skb_copy_datagram_iter',
      'client close → tcp_close → tcp_send_fin',
    ])
      expect(own).toContain(step);
    expect(told.nstat.client?.TcpActiveOpens).toBe(1);
    expect(told.nstat.kernel?.TcpPassiveOpens).toBe(1);
    expect(told.left).toEqual(NOTHING);
  });

  it('says in a line what kept it', async () => {
    const early = await demo('tap', '--connect', '10.0.0.1:8000', 'sh', '-c', 'echo no >&2; exit 3');
    expect([early.code, early.errors]).toEqual([
      1,
      "sh -c 'echo no >&2; exit 3': ended with 3 before it listened on port 8000 (no)\n",
    ]);
    const elsewhere = await tap('--connect', '10.0.0.9:8000', '--', ...server, files);
    expect([elsewhere.code, elsewhere.errors]).toEqual([1, ['connect EHOSTUNREACH 10.0.0.9:8000']]);
    expect(elsewhere.left).toEqual(NOTHING);
  });
});

function folderOf(name: string, bytes: Uint8Array): string {
  const path = folder();
  writeFileSync(join(path, name), bytes);
  return path;
}

describe('what cannot be', () => {
  it.each([
    [['--connect', '10.0.0.1'], /Not an address and a port such as 10\.0\.0\.1:8000\.\n$/],
    [['--connect', '10.0.0.256:80'], /Not an address/],
    [['--connect', '10.0.0.1:0'], /Not an address/],
    [['--connect', '10.0.0.1:65536'], /Not an address/],
    [['--connect', '10.0.0.1:80', '--serve'], /^--connect and --serve: one of the two\n$/],
    [
      ['--connect', '10.0.0.1:80', '--data', 'x'],
      /^--data is what our side serves, and --connect has it ask\n$/,
    ],
    [['--serve', 'curl'], /^--serve runs no program/],
    [['--data', join(files, 'missing')], /missing: no such file\n$/],
    [['--mtu', '67'], /Not a number of bytes from 68 to 65521\.\n$/],
    [['--mtu', '65522'], /Not a number/],
    [['--los', '5%'], /unknown option '--los'\n$/],
    [['--rate', '1mbit'], /unknown option '--rate'\n$/],
  ])('tap %j is one clear line', async (args, message) => {
    const { code, lines, errors } = await demo('tap', ...args);
    expect(errors).toMatch(message);
    expect(errors.trimEnd()).not.toContain('\n');
    expect([code, lines]).toEqual([1, []]);
  });

  it('options of the simulated network', async () => {
    const { code, errors } = await demo('--rate', '1mbit', 'tap');
    expect([code, errors]).toEqual([1, '--rate is of the simulated network, and not of tap\n']);
  });

  it.skipIf(skipped)('a sysctl that is none, and a capture that has nowhere to go', async () => {
    expect((await demo('tap', '--sysctl', 'a=b')).errors).toBe('a: no such sysctl (ENOENT)\n');
    expect((await demo('tap', '--pcap', join(files, 'no', 'such'))).errors).toMatch(/such: no such file\n$/);
    expect((await demo('tap', 'no-such-program')).errors).toBe(
      'tap needs the program no-such-program, which is not there\n',
    );
  });

  const machine: Machine = { platform: 'linux', uid: 0, hasTun: true, hasProgram: () => true };
  it.each<[string, Partial<Machine>, string]>([
    ['another system', { platform: 'darwin' }, 'tap needs a Linux kernel, and this is darwin'],
    ['another user', { uid: 1000 }, 'tap needs root: sudo npm start -- tap'],
    [
      'no TUN driver',
      { hasTun: false },
      'tap needs /dev/net/tun: modprobe tun, or, in a container, --device /dev/net/tun --cap-add NET_ADMIN,SYS_ADMIN',
    ],
    ['no ip', { hasProgram: (name) => name !== 'ip' }, 'tap needs the program ip: apt-get install iproute2'],
    [
      'no curl',
      { hasProgram: (name) => name !== 'curl' },
      'tap needs the program curl: apt-get install curl',
    ],
  ])('a machine with %s', (_, part, message) => {
    expect(() => checkMachine('curl', machine)).not.toThrow();
    expect(() => checkMachine('curl', { ...machine, ...part })).toThrow(message);
  });
});

describe.skipIf(process.platform !== 'linux')("the kernel's side", () => {
  it('is read from /proc', () => {
    const counters = kernelNstat(process.pid);
    expect(counters.TcpRtoMin).toBe(200);
    expect(counters.IpExtInOctets).toBeGreaterThanOrEqual(0);
    expect(isListening(process.pid, 1)).toBe(false);
  });
});
