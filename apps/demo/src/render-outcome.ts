/**
 * What it came to, as text for people: verdicts, recovery, copies, counters.
 * @module
 */
import type { Share } from './copies.ts';
import type { PerHost } from './counters.ts';
import type { HostName } from './network.ts';
import { type Colors, seconds } from './render.ts';
import type { Delivery, Outcome } from './run.ts';

const HOSTS: readonly HostName[] = ['client', 'router', 'server'];

/** All of it; the verdicts come last. */
export function renderOutcome(outcome: Outcome, colors: Colors): string[] {
  return [
    ...section('Counters that moved (nstat)', table(byHost(outcome.nstat)), colors),
    ...section('Links (ip -s link)', linkLines(outcome), colors),
    ...section('Dropped (dropwatch)', dropLines(outcome), colors),
    ...section('Recovery', recoveryLines(outcome), colors),
    ...section('Copies', copyLines(outcome), colors),
    '',
    `programs ended after ${seconds(outcome.time)} s of virtual time; left when all is over: ${leftText(outcome)}`,
    ...renderVerdicts(outcome, colors),
  ];
}

/** Whether the bytes arrived: a line each way, and what failed. */
export function renderVerdicts({ deliveries, errors }: Outcome, colors: Colors): string[] {
  return [
    ...errors.map((error) => colors.red(error)),
    ...deliveries.map((delivery) => {
      const text = verdict(delivery);
      return delivery.identical ? colors.green(text) : colors.red(text);
    }),
  ];
}

/** `identical: 37 bytes, client to server`. */
export function verdict({ from, sent, received, identical, difference, begin, end }: Delivery): string {
  const way = from === 'client' ? 'client to server' : 'server to client';
  if (!identical)
    return `different: ${way}, ${received} of ${sent} bytes arrived, the first difference is at ${difference}`;
  const took = end - begin;
  const speed = sent >= 10_000 && took > 0 ? `, ${seconds(took)} s, goodput ${goodput(sent, took)}` : '';
  return `identical: ${sent} bytes, ${way}${speed}`;
}

function goodput(bytes: number, us: number): string {
  const mbit = (bytes * 8) / us;
  return mbit >= 1 ? `${mbit.toFixed(2)} Mbit/s` : `${(mbit * 1000).toFixed(2)} kbit/s`;
}

/** A heading and what is below it; nothing where nothing is. */
export function section(title: string, lines: readonly string[], colors: Colors): string[] {
  return lines.length === 0 ? [] : ['', colors.bold(title), ...lines.map((line) => `  ${line}`)];
}

/** A row for each name, a column for each side that has any. */
export function table(columns: Readonly<Record<string, Readonly<Record<string, number>>>>): string[] {
  const sides = Object.keys(columns);
  const names = Object.keys(columns[sides[0] ?? ''] ?? {});
  if (names.length === 0) return [];
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(28)}${cells.map((cell) => cell.padStart(12)).join('')}`;
  return [
    row('', sides),
    ...names.map((name) =>
      row(
        name,
        sides.map((side) => String(columns[side]?.[name] ?? 0)),
      ),
    ),
  ];
}

/** The counters of hosts, from the client's side to the server's. */
function byHost<T>(counters: PerHost<T>): Record<string, T> {
  return Object.fromEntries(
    HOSTS.flatMap((host) => (counters[host] === undefined ? [] : [[host, counters[host]]])),
  );
}

function linkLines({ links, wires }: Outcome): string[] {
  const lines: string[] = [];
  for (const host of HOSTS) {
    for (const [device, stats] of Object.entries(links[host] ?? {})) {
      const counters = Object.entries(stats).map(([name, value]) => `${name} ${value}`);
      lines.push(`${host} ${device}  ${counters.join(', ')}`);
    }
  }
  for (const { from, to, ...counters } of wires) {
    const told = Object.entries(counters).filter(([name, value]) => value !== 0 || name === 'frames');
    lines.push(`wire ${from} → ${to}  ${told.map(([name, value]) => `${name} ${value}`).join(', ')}`);
  }
  return lines;
}

function dropLines({ drops }: Outcome): string[] {
  return HOSTS.flatMap((host) =>
    Object.entries(drops[host] ?? {}).map(([reason, count]) => `${host}  ${reason} ${count}`),
  );
}

function recoveryLines({ nstat, waits }: Outcome): string[] {
  const lines: string[] = [];
  for (const host of HOSTS) {
    const of = (name: string): number => nstat[host]?.[name] ?? 0;
    const again = of('TcpRetransSegs');
    if (again === 0) continue;
    const segments = of('TcpOutSegs') + again;
    lines.push(
      `${host}  ${again} of ${segments} segments were sent again (${((100 * again) / segments).toFixed(1)} %): ` +
        `${of('TcpExtTCPFastRetrans')} in fast recovery, ${of('TcpExtTCPSlowStartRetrans')} in slow start after a timeout; the timer ran out ${times(of('TcpExtTCPTimeouts'))}`,
    );
    const undone = of('TcpExtTCPFullUndo') + of('TcpExtTCPPartialUndo') + of('TcpExtTCPLossUndo');
    if (undone > 0)
      lines.push(
        `${host}  ${times(undone)} nothing had been lost, only late: the window was restored (undo)`,
      );
  }
  if (waits.count > 0) {
    lines.push(
      `client  send() waited ${times(waits.count)} for room, ${seconds(waits.time)} s in all; at most ${waits.most} bytes were queued`,
    );
  }
  return lines;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function copyLines({ copies, dma }: Outcome): string[] {
  const { send, recv, inPlace, moved } = copies;
  const perByte = ({ bytes, copied }: Share): string =>
    `${copied} of ${bytes} bytes${bytes === 0 ? '' : `, ${Number((copied / bytes).toFixed(3))} a byte`}`;
  const lines = [
    `by the CPU, client to server: send() ${perByte(send.client)}; recv() ${perByte(recv.server)}`,
    `by the CPU, server to client: send() ${perByte(send.server)}; recv() ${perByte(recv.client)}`,
    `between the two: of ${inPlace + moved} bytes looked at, on their way down and up, ${moved} were not where they had been put`,
  ];
  for (const host of HOSTS) {
    const of = dma[host];
    if (of === undefined) continue;
    lines.push(
      `by DMA, ${host}: ${of.gathers} frames gathered onto the wire (${of.gatherBytes} bytes), ${of.scatters} scattered into posted pages (${of.scatterBytes} bytes)`,
    );
  }
  return lines;
}

function leftText({ left }: Outcome): string {
  const entries = Object.entries(left);
  if (entries.every(([, count]) => count === 0)) return 'nothing (no page, no skb, no timer, no connection)';
  return entries.map(([what, count]) => `${count} ${what}`).join(', ');
}
