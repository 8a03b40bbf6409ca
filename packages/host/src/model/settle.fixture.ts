/**
 * The end of a run: what must have come about by now, the rest of all streams, and that nothing is left.
 * @module
 */
import { SHUT_WR } from '@stack/socket';
import { accept, close, recv, shutdown, unlisten } from './calls.fixture.ts';
import { must } from './stream.fixture.ts';
import type { End, Side, World } from './world.fixture.ts';

/** So long a loss of everything, again and again, does not last; µs. */
const LONG = 3_600_000_000;
/** Orphans and TIME-WAIT are gone after that. */
const LONGER = 4 * LONG;

/** Lets everything come to its end. @throws Violation for what did not. */
export async function settle(world: World): Promise<void> {
  // A call of accept that waits takes one connection: others are for the second round.
  for (let round = 0; round < 2; round++) {
    for (const name of world.listeners.keys()) serve(world, name);
    for (const end of world.ends()) drain(world, end);
    await world.pass(LONG);
  }
  for (const end of world.ends()) checkWaits(end);
  for (const one of world.connections) {
    const isThere = one.server !== undefined || !one.client.isConnected || one.isBroken;
    must(isThere, `accept(${one.listener}): ${one.client.out.name} is not there`);
  }
  for (const end of world.ends()) {
    const { connection, isSending, out } = end;
    // Where the peer reads no more, its buffer stays full.
    const isStuck = connection.isBroken || connection.peer(end)?.readShut === true;
    must(!isSending || isStuck, `${out.name} send: waits, and all is read`);
    if (end.isConnected && !end.isClosed && !end.writeShut) shutdown(world, end, SHUT_WR);
  }
  await world.pass(LONG);
  for (const end of world.ends()) checkWhole(end);
  for (const end of world.ends()) {
    if (!end.isClosed) world.background(`${end.out.name} close`, () => close(world, end));
  }
  for (const name of [...world.listeners.keys()]) await unlisten(world, name);
  await world.pass(LONGER);
  must(world.pending === 0, `${world.pending} calls still wait`);
  await bury(world);
}

/** Takes every connection that waits or comes, and reads it to the end. */
function serve(world: World, name: string): void {
  if (world.listeners.get(name)?.isAccepting === true) return;
  const [side, port] = name.split(':') as [Side, string];
  world.background(`accept(${name})`, async () => {
    for (;;) {
      const end = await accept(world, side, Number(port), true);
      if (end === undefined) return;
      drain(world, end);
    }
  });
}

/** What waits that should not. */
function checkWaits({ in: stream, receiving, connection, readShut, rcvlowat }: End): void {
  if (receiving === undefined || connection.isBroken) return;
  const there = stream.accepted - stream.received;
  must(!readShut && !stream.ended, `${stream.name} recv: waits, and this is the end`);
  // Linux wakes nobody for less than SO_RCVLOWAT, not even who lacks no more than that, or asked for less.
  must(
    there < receiving.target + rcvlowat - 1,
    `${stream.name} recv: waits for ${receiving.target} bytes, and ${there} are there`,
  );
}

/** Reads to the end. */
function drain(world: World, end: End): void {
  if (end.isClosed || !end.isConnected || end.isDrained) return;
  end.isDrained = true;
  world.background(`${end.in.name} drain`, async () => {
    while (end.receiving !== undefined) await end.receiving.over; // somebody waits: first things first
    while (!end.isClosed && (await recv(world, end, 65_536, 0)) > 0);
  });
}

/** Both sides are done: all that was sent was read. */
function checkWhole(end: End): void {
  const { in: stream, connection, isClosed, isConnected, readShut, receiving } = end;
  if (isClosed || !isConnected) return;
  // A reset that is lost is not sent again: who only listens never hears of it.
  must(receiving === undefined || connection.isBroken, `${stream.name} recv: still waits`);
  if (connection.isBroken || readShut || connection.peer(end) === undefined) return;
  must(
    stream.received === stream.accepted,
    `${stream.name}: ${stream.received} bytes came of ${stream.accepted}, and no more`,
  );
}

async function bury({ network }: World): Promise<void> {
  const { a, b, wire, clock } = network;
  for (const host of [a, b]) {
    const left = [...host.tcp.entries()].length;
    must(left === 0, `${host.name}: ${left} connections are left`);
    must(host.sockets.size === 0, `${host.name}: ${host.sockets.size} sockets are left`);
    await host.close();
  }
  wire.close();
  await clock.run();
  for (const { name, pool, timers } of [a, b]) {
    must(timers.pending === 0, `${name}: ${timers.pending} timers are left`);
    const { inUse, skbs } = pool.stats;
    must(inUse === 0 && skbs === 0, `${name}: ${inUse} pages and ${skbs} packets are left`);
  }
}
