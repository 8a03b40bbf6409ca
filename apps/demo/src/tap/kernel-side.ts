/**
 * What the kernel knows of a network namespace, out of the `/proc` of a process in it.
 * @module
 */
import { readFileSync } from 'node:fs';

/** States in /proc/net/tcp. */
const TIME_WAIT = '06';
const LISTEN = '0A';

/** A TCP socket of the kernel's. */
interface Entry {
  local: string;
  port: number;
  peer: string;
  state: string;
}

/** Counters as `nstat -az` names them: /proc/net/snmp and /proc/net/netstat. */
export function kernelNstat(pid: number): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const file of ['snmp', 'netstat']) {
    const lines = readFileSync(`/proc/${pid}/net/${file}`, 'utf8').trimEnd().split('\n');
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const [group = '', ...names] = (lines[i] as string).split(' ');
      const values = (lines[i + 1] as string).split(' ').slice(1);
      names.forEach((name, at) => {
        counters[`${group.slice(0, -1)}${name}`] = Number(values[at]);
      });
    }
  }
  return counters;
}

/** Counters of one of its interfaces, as `ip -s link` has them. */
export function kernelLink(pid: number, name: string): Record<string, number> {
  const line = readFileSync(`/proc/${pid}/net/dev`, 'utf8')
    .split('\n')
    .find((each) => each.trim().startsWith(`${name}:`));
  const values = (line?.split(':')[1] ?? '').trim().split(/\s+/).map(Number);
  const names = ['rxBytes', 'rxPackets', 'rxErrors', 'rxDropped', 'rxFifoErrors', 'rxFrameErrors'];
  const sent = ['txBytes', 'txPackets', 'txErrors', 'txDropped'];
  const all = [
    ...names.map((each, at) => [each, values[at] ?? 0] as const),
    ...sent.map((each, at) => [each, values[8 + at] ?? 0] as const),
  ];
  return Object.fromEntries(all.filter(([, value]) => value !== 0));
}

/** Whether something listens on a TCP port. */
export function isListening(pid: number, port: number): boolean {
  return entries(pid).some((entry) => entry.state === LISTEN && entry.port === port);
}

/** Its small sockets in TIME-WAIT, as `ss -tan` prints them. */
export function timeWaits(pid: number): string[] {
  return entries(pid)
    .filter(({ state }) => state === TIME_WAIT)
    .map(({ local, peer }) => `TIME-WAIT ${local} ${peer}`);
}

function entries(pid: number): Entry[] {
  return ['tcp', 'tcp6'].flatMap((file) => {
    let text: string;
    try {
      text = readFileSync(`/proc/${pid}/net/${file}`, 'utf8');
    } catch {
      return []; // no IPv6 here
    }
    return text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => {
        const [, local = '', peer = '', state = ''] = line.trim().split(/\s+/);
        return {
          local: endpoint(local),
          port: Number.parseInt(local.slice(-4), 16),
          peer: endpoint(peer),
          state,
        };
      });
  });
}

/** `0100000A:0050`, the address in the machine's byte order, as `10.0.0.1:80`. */
function endpoint(text: string): string {
  const [address = '', port = ''] = text.split(':');
  if (address.length !== 8) return text;
  const bytes = Buffer.from(address, 'hex');
  if (isLittle()) bytes.reverse();
  return `${bytes.join('.')}:${Number.parseInt(port, 16)}`;
}

function isLittle(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
