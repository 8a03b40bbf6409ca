/**
 * What is measured of many: connections, listeners, routes, timers.
 * @module
 */
import { accepted, type Cost, opened } from './connections.ts';
import type { Figure } from './figures.ts';
import { type ListenerCost, listeners } from './listeners.ts';
import { routes } from './routes.ts';
import { timers } from './timers.ts';

/** One measurement, in a process of its own. */
export interface Scale {
  title: string;
  /** Does `part` of it; 1 is all. @throws Error where something is left behind. */
  run: (part: number) => Promise<Figure[]>;
}

/** Bytes that an idle connection may take of the machine, buffers and socket included. */
export const MOST_BYTES: number = 6 * 1024;
/** ns to find one listener, among however many: a small part of what a SYN costs. */
const MOST_FIND = 100;
/** How much more a SYN may cost among ten thousand listeners than with one. */
const MOST_SLOWER = 1.5;
/** ns that a route lookup may take. */
const MOST_LOOKUP = 1000;

const CONNECTIONS = 100_000;
const LISTENERS = [1, 100, 10_000] as const;
const SYNS = 100_000;
const ROUTES = 500_000;
const TIMERS = 100_000;

/** All of them. */
export const SCALES: readonly Scale[] = [
  {
    title: `${CONNECTIONS} idle connections, opened here`,
    run: async (part) => costFigures('with a socket', await opened(CONNECTIONS * part), MOST_BYTES),
  },
  {
    title: `${CONNECTIONS} idle connections, opened by peers`,
    run: async (part) => {
      const { established, socket } = await accepted(CONNECTIONS * part);
      return [
        ...costFigures('not yet accepted', established, MOST_BYTES),
        ...costFigures('accepting adds', socket),
        { name: 'both, rss', value: established.rss + socket.rss, unit: 'B', most: MOST_BYTES },
      ];
    },
  },
  {
    title: 'listeners',
    run: async (part) => {
      const costs: ListenerCost[] = [];
      for (const count of LISTENERS) costs.push(await listeners(count, SYNS * part));
      const [one, , most] = costs as [ListenerCost, ListenerCost, ListenerCost];
      return [
        ...costs.flatMap(({ lookup, lookupAny, syn, synAny }, i): Figure[] => [
          { name: `${LISTENERS[i]}: lookup of 64 ports`, value: lookup, unit: 'ns' },
          { name: `${LISTENERS[i]}: lookup of 4096 ports`, value: lookupAny, unit: 'ns', most: MOST_FIND },
          { name: `${LISTENERS[i]}: SYN, SYN-ACK, RST at 64 ports`, value: syn, unit: 'ns' },
          { name: `${LISTENERS[i]}: SYN, SYN-ACK, RST at 4096 ports`, value: synAny, unit: 'ns' },
        ]),
        { name: '10000 against 1: lookup', value: most.lookup / one.lookup, unit: 'x' },
        { name: '10000 against 1: SYN', value: most.syn / one.syn, unit: 'x', most: MOST_SLOWER },
      ];
    },
  },
  {
    title: `${ROUTES} routes`,
    run: async (part) => {
      const { add, heap, rss, lookup, output } = await routes(ROUTES * part);
      return [
        { name: 'add', value: add, unit: 'ns' },
        { name: 'heap', value: heap, unit: 'B' },
        { name: 'rss', value: rss, unit: 'B' },
        { name: 'Fib.lookup', value: lookup, unit: 'ns', most: MOST_LOOKUP },
        { name: 'Ipv4.routeOutput, not cached', value: output, unit: 'ns', most: MOST_LOOKUP },
      ];
    },
  },
  {
    title: `${TIMERS} timers`,
    run: async (part) => {
      const { heap, mod, fire } = await timers(TIMERS * part);
      return [
        { name: 'heap', value: heap, unit: 'B' },
        { name: 'mod, any time', value: mod, unit: 'ns' },
        { name: 'fire', value: fire, unit: 'ns' },
      ];
    },
  },
];

function costFigures(what: string, cost: Cost, most?: number): Figure[] {
  return [
    { name: `${what}, heap`, value: cost.heap, unit: 'B' },
    { name: `${what}, buffers`, value: cost.arrayBuffers, unit: 'B' },
    { name: `${what}, rss`, value: cost.rss, unit: 'B', ...(most !== undefined && { most }) },
    { name: `${what}, CPU`, value: cost.microseconds, unit: 'us' },
  ];
}
