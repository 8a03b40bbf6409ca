import { describe, expect, it } from 'vitest';
import { run } from './run.ts';
import { SCRIPTS } from './scripts.fixture.ts';
import { mutationsOf } from './testing.ts';

const EXACT = { tolerance: 0, exhaustive: true } as const;

describe.each(Object.entries(SCRIPTS))('%s, with one thing wrong', (_, script) => {
  const mutations = mutationsOf(script);

  it('is made wrong in many places', () => {
    expect(mutations.length).toBeGreaterThan(20);
  });

  it.each(mutations.map(({ name, script: wrong }) => [name, wrong] as const))(
    'fails: %s',
    async (__, wrong) => {
      const { ok, failure } = await run(wrong, EXACT);
      expect(ok).toBe(false);
      expect(failure?.kind).not.toBe('syntax');
    },
  );
});

const SERVER = `
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 bind(3, ..., ...) = 0
   +0 listen(3, 1) = 0
   +0 < S 0:0(0) win 32792 <mss 1000>
   +0 > S. 0:0(0) ack 1 <mss 1460>
   +0 < . 1:1(0) ack 1 win 30000
   +0 accept(3, ..., ...) = 4
   +0 setsockopt(4, SOL_TCP, TCP_NODELAY, [1], 4) = 0
`;

/** What packetdrill itself takes and refuses, as it was seen to do over Linux. */
describe('as packetdrill', () => {
  it.each([
    ['3 ms off', '+.1 write(4, ..., 10) = 10\n+.003 > P. 1:11(10) ack 1'],
    [
      'an eighth of the time off',
      '+0...0.108 read(4, ..., 9) = 9\n+.1 < P. 1:10(9) ack 1 win 9\n+0 > . 1:1(0) ack 10',
    ],
    ['packets left over', '+0 write(4, ..., 10) = 10'],
    ['a packet that answers what is no line', '+0 < . 1:1(0) ack 999 win 257'],
    ['PSH inside of a line', '+0 write(4, ..., 9) = 9\n+0 write(4, ..., 9) = 9\n+0 > P. 1:19(18) ack 1'],
    [
      'a first piece that came long ago',
      '+0 write(4, ..., 9) = 9\n+.02 write(4, ..., 9) = 9\n+0 > P. 1:19(18) ack 1',
    ],
    ['ECN that a line does not name', '+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1'],
    ['ECN that it names', '+0 write(4, ..., 9) = 9\n+0 > [noecn] P. 1:10(9) ack 1'],
    ['any options', '+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1 <...>'],
    ['-1 of any errno', '+0 shutdown(4, 77) = -1'],
    ['packets of a socket from before', `+0 write(4, ..., 9) = 9\n${anotherSocket()}`],
    [
      'any time',
      '+0 setsockopt(4, SOL_TCP, TCP_CORK, [1], 4) = 0\n+0 write(4, ..., 9) = 9\n* > P. 1:10(9) ack 1',
    ],
    [
      'a range',
      '+0 setsockopt(4, SOL_TCP, TCP_CORK, [1], 4) = 0\n+0 write(4, ..., 9) = 9\n+.1~+.3 > P. 1:10(9) ack 1',
    ],
    [
      'a result of assertions over calls',
      '+0 %{ n = 4\nn += 1 }%\n+0 %{ assert n == 5 and 1 <= tcpi_state < 3, n }%',
    ],
  ])('takes %s', async (_, lines) => {
    const { failure } = await run(`${SERVER}${lines}\n`);
    expect(failure).toBeUndefined();
  });

  it.each([
    ['10 ms off', 'packet', '+.1 write(4, ..., 10) = 10\n+.010 > P. 1:11(10) ack 1'],
    ['a time in the past', 'packet', '+.1 write(4, ..., 10) = 10\n0.01 > P. 1:11(10) ack 1'],
    ['a packet that does not come', 'packet', '+.1 > P. 1:11(10) ack 1'],
    [
      'a packet left over before the next',
      'packet',
      '+0 write(4, ..., 9) = 9\n+0 write(4, ..., 5) = 5\n+0 > P. 10:15(5) ack 1',
    ],
    ['flags of the last piece', 'packet', '+0 write(4, ..., 3000) = 3000\n+0 > . 1:3001(3000) ack 1'],
    ['a packet longer than the line', 'packet', '+0 write(4, ..., 3000) = 3000\n+0 > . 1:501(500) ack 1'],
    [
      'pieces, with --strict_segments',
      'packet',
      '+0 write(4, ..., 9) = 9\n+0 write(4, ..., 9) = 9\n+0 > P. 1:19(18) ack 1',
    ],
    [
      'options a line does not name',
      'packet',
      '+0 < . 5:6(1) ack 1 win 9\n+0 > . 1:1(0) ack 1 <nop,nop,sack 5:6>',
    ],
    [
      'out of a range',
      'packet',
      '+0 setsockopt(4, SOL_TCP, TCP_CORK, [1], 4) = 0\n+0 write(4, ..., 9) = 9\n+.1~+.15 > P. 1:10(9) ack 1',
    ],
    ['a call that waits', 'call', '+0 read(4, ..., 10) = 10\n+.1 < P. 1:11(10) ack 1 win 9'],
    [
      'a call that returns too early',
      'time',
      '+0...0.5 read(4, ..., 9) = 9\n+.1 < P. 1:10(9) ack 1 win 9\n+0 > . 1:1(0) ack 10\n+1 %{ assert 1 }%',
    ],
    ['a call that never returns', 'call', '+0...0.1 read(4, ..., 9) = 9\n+1 close(4) = 0'],
    ['a call that waits at the end', 'call', '+0...0.1 read(4, ..., 9) = 9'],
    ['a descriptor that is not there', 'call', '+0 write(9, ..., 1) = -1 EBADF (x)'],
    ['a call it does not know', 'call', '+0 frobnicate(4) = 0'],
    ['... for a result', 'call', '+0 write(4, ..., 10) = ...'],
    ['bytes for a buffer', 'call', '+0 write(4, "abc", 3) = 3'],
    ['a time from before a command', 'time', '+.1 `sleep 0.05`\n0.115 write(4, ..., 9) = 9'],
    ['commands that fail', 'command', '+0 `false`'],
    ['commands that are not there', 'command', '+0 `nosuchcommand`'],
    ['an echo of what was never sent', 'packet', '+0 < . 1:1(0) ack 1 win 9 <nop,nop,TS val 3 ecr 777>'],
    ['code without a descriptor', 'code', '+0 close(4) = 0\n+0 %{ assert 1 == 1 }%'],
    ['code that asks for what is not there', 'code', '+0 %{ assert tcpi_nonsense == 1 }%'],
    [
      'packets of the socket before last',
      'packet',
      `${anotherSocket()}\n+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1`,
    ],
  ] as const)('refuses %s', async (name, kind, lines) => {
    const head = name.includes('strict') ? '--strict_segments\n' : '';
    const { failure } = await run(`${head}${SERVER}${lines}\n`);
    expect(failure?.kind).toBe(kind);
  });
});

/** One more socket, which is the one under test from now on. */
function anotherSocket(): string {
  return `+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 5
+0 fcntl(5, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(5, ..., ...) = -1 EINPROGRESS (x)
+0 > S 0:0(0) <...>`;
}

it('takes what comes at the very moment of the deadline, exactly', async () => {
  const lines =
    '+0 setsockopt(4, SOL_TCP, TCP_KEEPIDLE, [10], 4) = 0\n+0 setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0';
  const keepalive = `${lines}\n+6 < . 1:1(0) ack 1 win 9\n+10 > . 0:0(0) ack 1\n`;
  const { failure } = await run(SERVER + keepalive, EXACT);
  expect(failure).toBeUndefined();
});

it('refuses, when exhaustive, what another socket would hide', async () => {
  const lines = `${SERVER}+0 write(4, ..., 9) = 9\n${anotherSocket()}\n`;
  const { failure } = await run(lines, EXACT);
  expect(failure?.reason).toBe('a packet came out that no line asks for');
});
