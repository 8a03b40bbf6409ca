import { describe, expect, it } from 'vitest';
import { formatFailure } from './result.ts';
import { run } from './run.ts';
import { SCRIPTS } from './scripts.fixture.ts';

describe.each(Object.entries(SCRIPTS))('%s', (name, script) => {
  it.each([
    ['as it is', {}],
    ['exactly, with nothing left over', { tolerance: 0, exhaustive: true }],
  ])('passes %s', async (_, options) => {
    const result = await run(script, { file: name, ...options });
    expect(result.failure && formatFailure(name, result.failure)).toBeUndefined();
    expect(result.ok).toBe(true);
  });
});

describe('echoes of timestamps', () => {
  const script = `
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
   +0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
   +0 > S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 10>
  +.1 < S. 0:0(0) ack 1 win 5792 <mss 1460,nop,nop,TS val 700 ecr 100,nop,wscale 2>
   +0 > . 1:1(0) ack 1 <nop,nop,TS val 200 ecr 700>
   +0 < . 1:1(0) ack 1 win 5000 <nop,nop,TS val 701 ecr 201>
`;

  it('are of what was sent', async () => {
    expect((await run(script)).failure).toMatchObject({
      kind: 'packet',
      line: 8,
      reason: 'no segment that came out had TS val 201',
    });
  });

  it('are reckoned from what was sent where the script says so', async () => {
    expect((await run(`--tcp_ts_ecr_scaled\n${script}`)).ok).toBe(true);
    const below = await run(`--tcp_ts_ecr_scaled\n${script.replace('ecr 201', 'ecr 99')}`);
    expect(below.failure?.reason).toBe('no segment that came out had TS val 99, or a lower one');
  });
});

describe('a call', () => {
  it('has no buffer that no machine has', async () => {
    const { failure } = await run(
      '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 read(3, ..., 99999999999000) = 0\n',
    );
    expect(failure).toMatchObject({ kind: 'call', line: 2 });
  });

  const script = '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = 0\n';

  it('takes time, as on a machine', async () => {
    expect((await run(script)).time).toBe(20);
  });

  it('takes none where times are exact', async () => {
    expect((await run(script, { tolerance: 0 })).time).toBe(0);
  });
});

describe('what a host has not', () => {
  it.each([
    ['--ip_version=ipv6', 'unsupported'],
    ['--ip_version=ipv4-mapped-ipv6', 'unsupported'],
    ['--ip_version=foo', 'syntax'],
    ['--local_ip=::1', 'unsupported'],
    ['--local_ip=256.1.1.1', 'syntax'],
    ['--mtu=x', 'syntax'],
    ['--nonsense', 'syntax'],
    ['--netmask_ip=255.0.255.0', 'syntax'],
    ['--gateway_ip=7.7.7.7', 'setup'],
  ])('%s', async (option, kind) => {
    const { failure } = await run(`${option}\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n`);
    expect(failure?.kind).toBe(kind);
    expect(failure?.line).toBe(1);
  });
});

it('a run is a function of its script', async () => {
  const lines: string[][] = [[], []];
  for (const list of lines) await run(SCRIPTS.client as string, { trace: (line) => list.push(line) });
  expect(lines[0]).toEqual(lines[1]);
  expect(lines[0]?.length).toBeGreaterThan(10);
});
