/**
 * fast-check arbitraries of Ethernet headers: every one is legal.
 * @module
 */
import fc from 'fast-check';
import { ETH_P, ETH_P_802_3_MIN, ETH_P_8021AD, ETH_P_8021Q } from './ether-types.ts';
import type { Header, PushHeader } from './header.ts';
import { ETH_DATA_LEN } from './layout.ts';
import { CONTROL_UI, isRaw, isSnap, type Llc, llcSize, SAP_RAW, SAP_SNAP } from './llc.ts';
import { BROADCAST } from './mac.ts';
import { isTpid, MAX_TAGS, type Tag } from './vlan.ts';

/** What {@link header} and {@link pushHeader} may make. */
export interface HeaderConstraints {
  /** Which framing; both by default. */
  framing?: 'ethernet2' | '802.3';
  /** Most tags, up to {@link MAX_TAGS}; 3 by default, and now and then the most there may be. */
  maxTags?: number;
}

/** Any address, the broadcast one and groups often. */
export function mac(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.maxSafeNat().map((n) => n % (BROADCAST + 1)),
    fc.constantFrom(0, BROADCAST, 0x01_00_5e_00_00_01),
  );
}

/** An EtherType that begins no tag; the known ones often. */
export function etherType(): fc.Arbitrary<number> {
  const known = Object.values(ETH_P).filter((type) => type >= ETH_P_802_3_MIN && !isTpid(type));
  const any = fc.integer({ min: ETH_P_802_3_MIN, max: 0xffff }).filter((type) => !isTpid(type));
  return fc.oneof(fc.constantFrom(...known), any);
}

/** A VLAN tag, of either kind. */
export function tag(): fc.Arbitrary<Tag> {
  return fc.record(
    { tpid: fc.constantFrom(ETH_P_8021Q, ETH_P_8021AD), tci: fc.nat(0xffff) },
    { noNullPrototype: true },
  );
}

/** An LLC header: SNAP, unnumbered, numbered, or Novell's raw. */
export function llc(): fc.Arbitrary<Llc> {
  const sap = fc.oneof(fc.nat(0xff), fc.constantFrom(SAP_SNAP, SAP_RAW));
  const unnumbered = fc.nat(0x3f).map((bits) => bits * 4 + 3);
  const numbered = fc.nat(0xffff).filter((control) => (control & 3) !== 3);
  const other = fc
    .tuple(sap, sap, fc.oneof(unnumbered, numbered))
    .map(([dsap, ssap, control]): Llc => ({ dsap, ssap, control, snap: null }))
    .filter((value) => !isRaw(value) && !isSnap(value));
  const snap = fc
    .record(
      { oui: fc.oneof(fc.constant(0), fc.nat(0xff_ffff)), pid: fc.nat(0xffff) },
      { noNullPrototype: true },
    )
    .map((value): Llc => ({ dsap: SAP_SNAP, ssap: SAP_SNAP, control: CONTROL_UI, snap: value }));
  const raw = fc.constant<Llc>({ dsap: SAP_RAW, ssap: SAP_RAW, control: 0, snap: null });
  return fc.oneof(other, snap, raw);
}

/** Any legal header. */
export function header(constraints: HeaderConstraints = {}): fc.Arbitrary<Header> {
  const ethernet2 = fc.tuple(addressesAndTags(constraints), etherType()).map(([rest, proto]): Header => {
    return { ...rest, proto, llc: null };
  });
  const ieee = fc
    .tuple(addressesAndTags(constraints), llc(), fc.nat(ETH_DATA_LEN))
    .map(([rest, value, length]): Header => {
      return { ...rest, proto: Math.max(length, llcSize(value)), llc: value };
    });
  return pick(constraints, ethernet2, ieee);
}

/** What `push` takes: an 802.3 header leaves its length to it. */
export function pushHeader(constraints: HeaderConstraints = {}): fc.Arbitrary<PushHeader> {
  const ethernet2 = header({ ...constraints, framing: 'ethernet2' });
  const ieee = fc.tuple(addressesAndTags(constraints), llc()).map(([rest, value]): PushHeader => {
    return { ...rest, llc: value };
  });
  return pick<PushHeader>(constraints, ethernet2, ieee);
}

function addressesAndTags(
  constraints: HeaderConstraints,
): fc.Arbitrary<Pick<Header, 'dest' | 'source' | 'tags'>> {
  const { maxTags = MAX_TAGS } = constraints;
  const few = fc.array(tag(), { maxLength: Math.min(3, maxTags) });
  const many = fc.array(tag(), { maxLength: maxTags });
  const tags = fc.oneof({ weight: 7, arbitrary: few }, { weight: 1, arbitrary: many });
  return fc.record({ dest: mac(), source: mac(), tags }, { noNullPrototype: true });
}

function pick<T>(
  constraints: HeaderConstraints,
  ethernet2: fc.Arbitrary<T>,
  ieee: fc.Arbitrary<T>,
): fc.Arbitrary<T> {
  if (constraints.framing === 'ethernet2') return ethernet2;
  return constraints.framing === '802.3' ? ieee : fc.oneof(ethernet2, ieee);
}
