/**
 * fast-check arbitraries for TCP headers and options, so that pipelines are tested with more than the tidy ones.
 * @packageDocumentation
 */
import fc from 'fast-check';
import { HLEN } from './fields.ts';
import type { Header, PushHeader } from './header.ts';
import {
  type AccEcn,
  type Ao,
  type Eol,
  type Experimental,
  type FastOpen,
  MAX_TCP_OPTION_SPACE,
  type Malformed,
  type Md5,
  type Mptcp,
  type Mss,
  type Nop,
  type Option,
  type Raw,
  type Sack,
  type SackPermitted,
  TCPOPT_ACCECN0,
  TCPOPT_ACCECN1,
  TCPOPT_AO,
  TCPOPT_EOL,
  TCPOPT_EXP,
  TCPOPT_EXP1,
  TCPOPT_FASTOPEN,
  TCPOPT_FASTOPEN_MAGIC,
  TCPOPT_MALFORMED,
  TCPOPT_MD5SIG,
  TCPOPT_MPTCP,
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_RAW,
  TCPOPT_SACK,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_UTO,
  TCPOPT_WINDOW,
  type Timestamps,
  type UserTimeout,
  type WindowScale,
} from './option-kinds.ts';
import { optionLength, optionsLength } from './option-write.ts';

/** Which arbitrary to use for a field in place of the usual one. */
export type HeaderPart = { [Field in keyof Header]?: fc.Arbitrary<Header[Field]> };

/**
 * Legal headers: `decode` undoes `encode`. `doff` follows from the options unless `part` gives one; all other fields take
 * any value.
 */
export function header(part: HeaderPart = {}): fc.Arbitrary<Header> {
  return fc
    .record(
      {
        source: part.source ?? port(),
        dest: part.dest ?? port(),
        seq: part.seq ?? seq(),
        ackSeq: part.ackSeq ?? seq(),
        doff: part.doff ?? fc.constant(undefined),
        res1: part.res1 ?? fc.nat(7),
        flags: part.flags ?? flags(),
        window: part.window ?? fc.nat(0xffff),
        check: part.check ?? fc.nat(0xffff),
        urgPtr: part.urgPtr ?? fc.nat(0xffff),
        options: part.options ?? options(),
      },
      { noNullPrototype: true },
    )
    .map((h) => ({ ...h, doff: h.doff ?? (HLEN + optionsLength(h.options) + 3) >>> 2 }));
}

/** What `push` takes, with `doff` and `check` left to it and no other field left out. */
export function pushHeader(part: Omit<HeaderPart, 'doff' | 'check'> = {}): fc.Arbitrary<PushHeader> {
  return header(part).map(({ doff: _doff, check: _check, ...rest }) => rest);
}

/** Any port; the ends of the range and well-known ones often. */
export function port(): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(0, 1, 80, 443, 0xffff), fc.nat(0xffff));
}

/** Any sequence number, u32; those near the wrap and the half often. */
export function seq(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  );
}

/** Any nine flags; the usual combinations often. */
export function flags(): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(0x000, 0x002, 0x010, 0x011, 0x012, 0x018, 0x1c2, 0x1ff), fc.nat(0x1ff));
}

/**
 * Lists that `decode` gives back as they are: a multiple of four bytes, at most 40, and what eats the rest of a header (EOL,
 * a malformed option) only at the end.
 */
export function options(): fc.Arbitrary<Option[]> {
  return fc
    .tuple(
      fc.array(option(), { maxLength: 10 }),
      fc.constantFrom('nop', 'eol', 'malformed'),
      fc.nat(MAX_TCP_OPTION_SPACE >>> 2),
      fc.uint8Array({ minLength: MAX_TCP_OPTION_SPACE, maxLength: MAX_TCP_OPTION_SPACE }),
      fc.boolean(),
    )
    .map(([list, ending, words, noise, clean]) =>
      finish(list, ending, words, clean ? new Uint8Array(noise.length) : noise),
    );
}

/** One option of any kind that may stand anywhere in a list: all but {@link eol} and {@link malformed}. */
export function option(): fc.Arbitrary<Option> {
  return fc.oneof(
    nop(),
    mss(),
    windowScale(),
    sackPermitted(),
    sack(),
    timestamps(),
    md5(),
    userTimeout(),
    ao(),
    mptcp(),
    fastOpen(),
    accEcn(),
    experimental(),
    raw(),
  );
}

/** End of list, with padding of any bytes. Only for the end of a list. */
export function eol(): fc.Arbitrary<Eol> {
  return tagged(TCPOPT_EOL, { padding: fc.uint8Array({ maxLength: 39 }) });
}

/** No-operation. */
export function nop(): fc.Arbitrary<Nop> {
  return fc.constant<Nop>({ kind: TCPOPT_NOP });
}

/** Maximum segment size. */
export function mss(): fc.Arbitrary<Mss> {
  return tagged(TCPOPT_MSS, { mss: fc.oneof(fc.constantFrom(0, 1, 536, 1460, 0xffff), fc.nat(0xffff)) });
}

/** Window scale, above 14 too. */
export function windowScale(): fc.Arbitrary<WindowScale> {
  return tagged(TCPOPT_WINDOW, { wscale: fc.oneof(fc.nat(15), fc.nat(0xff)) });
}

/** SACK-permitted. */
export function sackPermitted(): fc.Arbitrary<SackPermitted> {
  return fc.constant<SackPermitted>({ kind: TCPOPT_SACK_PERM });
}

/** One to four SACK blocks with any edges. */
export function sack(): fc.Arbitrary<Sack> {
  const block = fc.record({ startSeq: seq(), endSeq: seq() }, { noNullPrototype: true });
  return tagged(TCPOPT_SACK, { blocks: fc.array(block, { minLength: 1, maxLength: 4 }) });
}

/** Timestamps. */
export function timestamps(): fc.Arbitrary<Timestamps> {
  return tagged(TCPOPT_TIMESTAMP, { tsval: seq(), tsecr: seq() });
}

/** MD5 signature of any bytes. */
export function md5(): fc.Arbitrary<Md5> {
  return tagged(TCPOPT_MD5SIG, { digest: fc.uint8Array({ minLength: 16, maxLength: 16 }) });
}

/** User timeout. */
export function userTimeout(): fc.Arbitrary<UserTimeout> {
  return tagged(TCPOPT_UTO, { granularity: fc.nat(1), timeout: fc.nat(0x7fff) });
}

/** TCP-AO with a MAC of any length and bytes. */
export function ao(): fc.Arbitrary<Ao> {
  return tagged(TCPOPT_AO, {
    keyId: fc.nat(0xff),
    rNextKeyId: fc.nat(0xff),
    mac: fc.uint8Array({ maxLength: 36 }),
  });
}

/** MPTCP with any content. */
export function mptcp(): fc.Arbitrary<Mptcp> {
  return tagged(TCPOPT_MPTCP, { data: fc.uint8Array({ maxLength: 38 }) });
}

/** Fast open: a request, or a cookie of a legal length. */
export function fastOpen(): fc.Arbitrary<FastOpen> {
  return tagged(TCPOPT_FASTOPEN, { cookie: cookie() });
}

/** Accurate ECN in either order with any number of counters. */
export function accEcn(): fc.Arbitrary<AccEcn> {
  return fc.record(
    {
      kind: fc.constantFrom(TCPOPT_ACCECN0, TCPOPT_ACCECN1),
      counters: fc.array(fc.nat(0xff_ffff), { maxLength: 3 }),
    },
    { noNullPrototype: true },
  );
}

/** An experiment, fast open's often. */
export function experimental(): fc.Arbitrary<Experimental> {
  const kind = fc.constantFrom(TCPOPT_EXP1, TCPOPT_EXP);
  const exid = fc.oneof(fc.constantFrom(TCPOPT_FASTOPEN_MAGIC, 0xacc0), fc.nat(0xffff));
  const data = fc.oneof(cookie(), fc.uint8Array({ maxLength: 36 }));
  return fc.record({ kind, exid, data }, { noNullPrototype: true });
}

/** An unknown kind, or a known one in a length that is not its own. */
export function raw(): fc.Arbitrary<Raw> {
  const code = fc.oneof(fc.constantFrom(...OWN_LENGTH.keys()), fc.integer({ min: 2, max: 0xff }));
  return fc
    .record(
      { kind: fc.constant<typeof TCPOPT_RAW>(TCPOPT_RAW), code, data: fc.uint8Array({ maxLength: 38 }) },
      { noNullPrototype: true },
    )
    .filter(({ code, data }) => OWN_LENGTH.get(code)?.(data.length + 2) !== true);
}

/** An option with an impossible length and what follows it. Only for the end of a list. */
export function malformed(): fc.Arbitrary<Malformed> {
  return tagged(TCPOPT_MALFORMED, {
    data: fc.uint8Array({ minLength: 1, maxLength: MAX_TCP_OPTION_SPACE }).map(broken),
  });
}

/** Bytes where a header has its options: any, or an encoding's shape with impossible and odd lengths in it. 0..40, by fours. */
export function optionBytes(): fc.Arbitrary<Uint8Array> {
  const kind = fc.oneof(fc.constantFrom(TCPOPT_NOP, ...OWN_LENGTH.keys()), fc.nat(0xff));
  const length = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 10, 11, 18), fc.nat(0xff));
  const piece = fc.tuple(kind, length, fc.uint8Array({ maxLength: 16 }));
  const shaped = fc
    .array(piece, { maxLength: 12 })
    .map((pieces) => pieces.flatMap(([k, l, b]) => [k, l, ...b]));
  const any = fc.array(fc.nat(0xff), { maxLength: MAX_TCP_OPTION_SPACE });
  return fc.oneof(shaped, any).map((list) => {
    return Uint8Array.from(list.slice(0, Math.min(list.length & ~3, MAX_TCP_OPTION_SPACE)));
  });
}

/** Which lengths of a known kind are its own, from the RFCs and not from the reader. */
const OWN_LENGTH: ReadonlyMap<number, (length: number) => boolean> = /* @__PURE__ */ new Map<
  number,
  (length: number) => boolean
>([
  [TCPOPT_MSS, (length) => length === 4],
  [TCPOPT_WINDOW, (length) => length === 3],
  [TCPOPT_SACK_PERM, (length) => length === 2],
  [TCPOPT_SACK, (length) => [10, 18, 26, 34].includes(length)],
  [TCPOPT_TIMESTAMP, (length) => length === 10],
  [TCPOPT_MD5SIG, (length) => length === 18],
  [TCPOPT_UTO, (length) => length === 4],
  [TCPOPT_AO, (length) => length >= 4],
  [TCPOPT_MPTCP, (length) => length >= 2],
  [TCPOPT_FASTOPEN, (length) => [2, 6, 8, 10, 12, 14, 16, 18].includes(length)],
  [TCPOPT_ACCECN0, (length) => [2, 5, 8, 11].includes(length)],
  [TCPOPT_ACCECN1, (length) => [2, 5, 8, 11].includes(length)],
  [TCPOPT_EXP1, (length) => length >= 4],
  [TCPOPT_EXP, (length) => length >= 4],
]);

function cookie(): fc.Arbitrary<Uint8Array> {
  const length = fc.constantFrom(0, 4, 6, 8, 10, 12, 14, 16);
  return length.chain((bytes) => fc.uint8Array({ minLength: bytes, maxLength: bytes }));
}

/** A record with `kind` first. */
function tagged<Kind extends number, Rest extends object>(
  kind: Kind,
  rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
): fc.Arbitrary<{ kind: Kind } & Rest> {
  const fields = { kind: fc.constant(kind), ...rest };
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<{ kind: Kind } & Rest>;
}

/** As many of the list as fit, and an ending that fills up to a multiple of four bytes, `words` more where there is room. */
function finish(list: Option[], ending: string, words: number, noise: Uint8Array): Option[] {
  const kept: Option[] = [];
  let length = 0;
  for (const each of list) {
    if (length + optionLength(each) > MAX_TCP_OPTION_SPACE) break;
    kept.push(each);
    length += optionLength(each);
  }
  const odd = -length & 3;
  if (ending === 'nop') {
    for (let i = 0; i < odd; i++) kept.push({ kind: TCPOPT_NOP });
    return kept;
  }
  const rest = Math.min(odd + words * 4, MAX_TCP_OPTION_SPACE - length);
  if (rest === 0) return kept;
  if (ending === 'eol') kept.push({ kind: TCPOPT_EOL, padding: noise.slice(0, rest - 1) });
  else kept.push({ kind: TCPOPT_MALFORMED, data: broken(noise.subarray(0, rest)) });
  return kept;
}

/** The bytes, one or more, but beginning with a kind and an impossible length. */
function broken(run: Uint8Array): Uint8Array {
  const bytes = run.slice();
  const [kind = 0, length = 0] = bytes;
  bytes[0] = Math.max(kind, 2);
  if (bytes.length > 1 && length > 1 && length <= bytes.length) bytes[1] = length & 1 ? 0 : bytes.length + 1;
  return bytes;
}
